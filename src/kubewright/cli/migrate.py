"""``kubewright migrate``: rewrite stored objects in the version that is stored now, and forget the older versions."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from kubewright.client import ConfigError, TransportError, connect
from kubewright.manager.migration import Migration, migrate
from kubewright.objects.errors import APIError


def command(
    names: Annotated[list[str], typer.Argument(help="Definitions, such as websites.web.example.com.")],
    kubeconfig: Annotated[str | None, typer.Option(help="The kubeconfig; else $KUBECONFIG, ~/.kube.")] = None,
    context: Annotated[str | None, typer.Option(help="A context of the kubeconfig.")] = None,
    page_size: Annotated[int, typer.Option(help="How many objects are listed at a time.")] = 500,
) -> None:
    """Rewrite stored objects in the version that is stored now, so that older versions can be dropped.

    It may be interrupted and started again at any time.
    """
    try:
        asyncio.run(_migrate(names, kubeconfig, context, page_size))
    except (ConfigError, TransportError, APIError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None


async def _migrate(names: list[str], kubeconfig: str | None, context: str | None, page_size: int) -> None:
    console = Console(stderr=True)
    async with connect(kubeconfig, context=context) as client:
        for name in names:
            with console.status(f"{name}: listing") as status:
                done = await migrate(
                    client,
                    name,
                    page_size=page_size,
                    progress=lambda count, name=name: status.update(f"{name}: {count} objects"),  # type: ignore[misc]
                )
            typer.echo(_summary(name, done))


def _summary(name: str, done: Migration) -> str:
    if not done.dropped:
        return f"{name}: all objects are stored in {done.version} already"
    return f"{name}: {done.objects} objects are stored in {done.version}; {', '.join(done.dropped)} can be dropped"
