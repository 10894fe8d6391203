"""``kubewright migrate``: rewrite stored objects in the version that is stored now, and forget the older versions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from kubewright.cli import Failure
from kubewright.cli.options import Context, Kubeconfig
from kubewright.cli.output import Format, Output, progress, show
from kubewright.client import ConfigError, TransportError, connect
from kubewright.manager.migration import Migration, NotMigrated, migrate
from kubewright.objects.errors import APIError


def command(
    names: Annotated[list[str], typer.Argument(help="Definitions, such as websites.web.example.com.")],
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    page_size: Annotated[int, typer.Option(help="How many objects are listed at a time.")] = 500,
    output: Output = Format.text,
) -> None:
    """Rewrite stored objects in the version that is stored now, so that older versions can be dropped.

    It may be interrupted and started again at any time.

    For example: kubewright migrate websites.web.example.com
    """
    try:
        done = asyncio.run(_migrate(names, kubeconfig, context, page_size))
    except (ConfigError, TransportError, APIError, NotMigrated) as error:
        raise Failure(str(error)) from None
    data = [{"definition": name, **migration._asdict()} for name, migration in done.items()]
    show(data, output, lambda console: _print(console, done))


async def _migrate(
    names: list[str], kubeconfig: Path | None, context: str | None, page_size: int
) -> dict[str, Migration]:
    console = progress()
    done: dict[str, Migration] = {}
    async with connect(kubeconfig, context=context) as client:
        for name in names:
            with console.status(f"{name}: listing") as status:
                done[name] = await migrate(
                    client,
                    name,
                    page_size=page_size,
                    progress=lambda count, name=name: status.update(f"{name}: {count} objects"),  # type: ignore[misc]
                )
    return done


def _print(console: Console, done: Mapping[str, Migration]) -> None:
    for name, one in done.items():
        said = (
            f"{one.objects} objects are stored in {one.version}; {', '.join(one.dropped)} can be dropped"
            if one.dropped
            else f"all objects are stored in {one.version} already"
        )
        console.print(f"{name}: {said}", soft_wrap=True)
