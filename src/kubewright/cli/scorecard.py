"""``kubewright scorecard``: what can be told of an operator before it meets a real cluster.

Static checks look at the bundle that the project would give; the others play its samples on an embedded cluster, and
the upgrade from the previous version where one is given.
"""

from __future__ import annotations

import asyncio
import io
import logging
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from kubewright.cli import Failure
from kubewright.cli.bundle import print_findings
from kubewright.cli.deploying import manifest
from kubewright.cli.output import Format, Output, progress, show
from kubewright.cli.rehearse import SAMPLES, Samples, Timeout, load
from kubewright.objects.errors import APIError
from kubewright.packaging import ManifestError
from kubewright.packaging.bundle_rules import CAPABILITIES, Finding, read_bundle, validate_bundle
from kubewright.packaging.olm import olm_bundle
from kubewright.packaging.project_manifest import read_samples

if TYPE_CHECKING:
    from kubewright.testing.capabilities import Result

_LOG = Path(".kubewright/scorecard.log")
"""What the operator says while it is tried out; there is much of it, as faults are part of that."""

_MARKS = {"pass": "[green]✔[/green]", "fail": "[red]✘[/red]", "not applicable": "[dim]–[/dim]"}


def command(
    samples: Samples = SAMPLES,
    timeout: Timeout = 30.0,
    static: Annotated[bool, typer.Option("--static", help="Only the checks that need no cluster.")] = False,
    previous: Annotated[
        str, typer.Option(help="Also upgrade from this version: a git reference, or a folder with the project.")
    ] = "",
    level: Annotated[int, typer.Option(min=0, max=5, help="The capability level that has to be shown.")] = 1,
    output: Output = Format.text,
) -> None:
    """Check the bundle and play the samples through, level by level.

    Exits 1 if the bundle has an error, or less than --level is shown.

    For example: kubewright scorecard --previous v0.1.0 --level 2
    """
    findings = validate_bundle(
        read_bundle({path: text for path, text in olm_bundle(manifest()).items() if path.endswith(".yaml")})
    )
    results: list[Result] = []
    shown = 0
    if not static:
        from kubewright.testing.capabilities import level_of

        results = _play(samples, previous, timeout)
        shown = level_of(results)
    data = {
        "bundle": [one._asdict() for one in findings],
        "capabilities": [one._asdict() for one in results],
        "level": None if static else shown,
    }
    show(data, output, lambda console: _print(console, findings, results, shown))
    if any(one.level == "error" for one in findings) or (shown < level and not static):
        raise typer.Exit(1)


def _play(samples: Path, previous: str, timeout: float) -> list[Result]:
    operator, objects = load("", samples)
    _LOG.parent.mkdir(exist_ok=True)
    logging.basicConfig(filename=_LOG, filemode="w", format="%(asctime)s %(levelname)s %(name)s: %(message)s")

    async def play(say: Callable[[str], None]) -> list[Result]:
        from kubewright.localcluster import LocalCluster  # a whole cluster: not for the static checks
        from kubewright.testing.capabilities import Previous, assess, assess_upgrade, read_declared
        from kubewright.testing.cluster import TestCluster

        declared = read_declared(Path.cwd())
        async with LocalCluster() as local:
            results = await assess(TestCluster(local), operator, objects, declared=declared, timeout=timeout, say=say)
        if previous:
            say(f"upgrading from {previous}")
            with _previous(previous) as folder:
                before = Previous(folder, read_samples(folder / "config/samples"))
                async with LocalCluster() as local:
                    results += await assess_upgrade(TestCluster(local), before, operator, timeout=timeout)
        return sorted(results, key=lambda one: one.level)

    from kubewright.testing.capabilities import PreviousFailed

    with progress().status("starting a cluster") as status:
        try:
            return asyncio.run(play(lambda what: status.update(escape(what))))
        except (APIError, ManifestError, PreviousFailed) as error:
            raise Failure(f"the operator cannot run: {error}\nits log is {_LOG}") from None


@contextmanager
def _previous(version: str) -> Iterator[Path]:
    """The folder with a version of the project: itself, or what git has under that name."""
    if Path(version).is_dir():
        yield Path(version).resolve()
        return
    found = subprocess.run(["git", "archive", "--format=tar", version], capture_output=True, check=False)
    if found.returncode:
        raise Failure(f"--previous {version} is neither a folder nor known to git: {found.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory(prefix="kubewright-") as folder:
        with tarfile.open(fileobj=io.BytesIO(found.stdout)) as archive:
            archive.extractall(folder, filter="data")
        yield Path(folder)


def _print(console: Console, findings: list[Finding], results: list[Result], shown: int) -> None:
    print_findings(console, findings, "bundle")
    if not results:
        return
    for level, ones in groupby(results, key=lambda one: one.level):
        console.print(f"\n[bold]Level {level}: {CAPABILITIES[level - 1]}[/bold]")
        for one in ones:
            place = f"{one.sample}: {one.seen}"
            console.print(f"{_MARKS[one.verdict]} {one.check} [dim]({escape(place)})[/dim]", soft_wrap=True)
            if one.verdict == "fail":
                console.print(f"  to pass: {escape(one.how)}", soft_wrap=True)
    said = f"level {shown}, {CAPABILITIES[shown - 1]}" if shown else "none"
    console.print(f"\nCapability level shown: {said}.  The operator's log: {_LOG}", soft_wrap=True)
