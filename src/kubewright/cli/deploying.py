"""What install, uninstall, deploy and undeploy share: the project's objects, the cluster, and showing what is done."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from kubewright.cli import Failure
from kubewright.cli.loading import OperatorNotFound, load_operator
from kubewright.cli.output import Format, progress, show
from kubewright.client import Client, ConfigError, NoMatch, TransportError, connect
from kubewright.objects.errors import APIError
from kubewright.objects.manifests import dump
from kubewright.packaging import ManifestError, OperatorManifest
from kubewright.packaging.deploy import Change
from kubewright.packaging.manifest import Object
from kubewright.packaging.project_manifest import manifest_of
from kubewright.project.settings import ProjectError, find_project
from kubewright.schema import SchemaError

DryRun = Annotated[bool, typer.Option("--dry-run", help="Let the server check everything and store nothing.")]
Diff = Annotated[bool, typer.Option("--diff", help="Like --dry-run, and show what would change.")]
Timeout = Annotated[float, typer.Option(help="Seconds to wait until all is done; 0 does not wait.")]

_COLORS = {"created": "green", "configured": "yellow", "unchanged": "dim", "removed": "red"}


class NotDone(Exception):
    """What was waited for has not come about in time; a line for each thing."""


def manifest() -> OperatorManifest:
    """What the project in the working directory consists of."""
    try:
        return manifest_of(load_operator(), find_project(Path.cwd()))
    except (ManifestError, OperatorNotFound, ProjectError, SchemaError) as error:
        raise Failure(str(error)) from None


def on_cluster(work: Callable[[Client], Awaitable[None]], kubeconfig: Path | None, context: str | None) -> None:
    """Do ``work`` with a client; what goes wrong ends the command with a message and status 1."""

    async def main() -> None:
        async with connect(kubeconfig, context=context) as client:
            await work(client)

    try:
        asyncio.run(main())
    except (APIError, ConfigError, NoMatch, NotDone, TransportError) as error:
        raise Failure(str(error)) from None


class Show:
    """Shows changes as they are made, one line each, and what is waited for: a spinner on a terminal, else lines.

    As JSON or YAML the changes are shown at the end.
    """

    def __init__(self, *, dry_run: bool = False, diff: bool = False, output: Format = Format.text) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        self._progress = progress()
        self._suffix = " (dry run)" if dry_run or diff else ""
        self._diff = diff
        self._output = output
        self._made: list[dict[str, str]] = []
        self._status: Status | None = None

    async def changes(self, made: AsyncIterator[Change]) -> None:
        async for change in made:
            self._made.append({"object": change.name, "change": change.verb})
            if self._output is not Format.text:
                continue
            color = _COLORS[change.verb]
            self.console.print(f"{escape(change.name)} [{color}]{change.verb}[/{color}]{self._suffix}")
            if self._diff:
                typer.echo(difference(change.before, change.after, change.name), nl=False)

    def waiting(self, what: str) -> AbstractContextManager[object]:
        if not self._progress.is_terminal:
            self._progress.print(what, soft_wrap=True)
            return nullcontext()
        self._status = self._progress.status(what)
        return self._status

    def say(self, text: str) -> None:
        if self._status is not None:
            self._status.update(escape(text))
        else:
            self._progress.print(escape(text), soft_wrap=True)

    def end(self, then: str = "") -> None:
        """Show as data what was done, where that was asked for, or else to people what they may do then."""
        if self._output is not Format.text:
            show(self._made, self._output, lambda console: None)
        elif then:
            self._progress.print(escape(then), soft_wrap=True)


def difference(before: Object | None, after: Object | None, name: str) -> str:
    """A unified diff of two objects as YAML; an absent one is empty."""
    old, new = (dump(one).splitlines(keepends=True) if one is not None else [] for one in (before, after))
    return "".join(difflib.unified_diff(old, new, name, name))
