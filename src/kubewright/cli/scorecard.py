"""``kubewright scorecard``: what can be told of an operator before it meets a real cluster.

Static checks look at the bundle that the project would give; dynamic ones play its samples on an embedded cluster.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from kubewright.cli import Failure
from kubewright.cli.bundle import print_findings
from kubewright.cli.deploying import manifest
from kubewright.cli.output import Format, Output, progress, show, table
from kubewright.cli.rehearse import SAMPLES, Samples, Timeout, load
from kubewright.objects.errors import APIError
from kubewright.packaging.bundle_rules import Finding, read_bundle, validate_bundle
from kubewright.packaging.olm import olm_bundle

if TYPE_CHECKING:
    from kubewright.testing.capabilities import Result


def command(
    samples: Samples = SAMPLES,
    timeout: Timeout = 30.0,
    static: Annotated[bool, typer.Option("--static", help="Only the checks that need no cluster.")] = False,
    output: Output = Format.text,
) -> None:
    """Check the bundle and play the samples through; exits 1 if a check of level 1 or the bundle fails."""
    findings = validate_bundle(
        read_bundle({path: text for path, text in olm_bundle(manifest()).items() if path.endswith(".yaml")})
    )
    results = [] if static else _play(samples, timeout)
    data = {"bundle": [one._asdict() for one in findings], "capabilities": [one._asdict() for one in results]}
    show(data, output, lambda console: _print(console, findings, results))
    if any(one.level == "error" for one in findings) or any(
        one.verdict == "fail" and one.level == 1 for one in results
    ):
        raise typer.Exit(1)


def _play(samples: Path, timeout: float) -> list[Result]:
    operator, objects = load("", samples)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")

    async def play() -> list[Result]:
        from kubewright.localcluster import LocalCluster  # a whole cluster: not for the static checks
        from kubewright.testing.capabilities import assess
        from kubewright.testing.cluster import TestCluster

        async with LocalCluster() as local:
            return await assess(TestCluster(local), operator, objects, timeout=timeout)

    with progress().status("playing the samples on an embedded cluster"):
        try:
            return asyncio.run(play())
        except APIError as error:
            raise Failure(f"the operator cannot run: {error}") from None


def _print(console: Console, findings: list[Finding], results: list[Result]) -> None:
    print_findings(console, findings, "bundle")
    if not results:
        return
    from kubewright.testing.capabilities import level_of

    colors = {"pass": "green", "fail": "red", "not applicable": "dim"}
    rows = table("LEVEL", "SAMPLE", "CHECK", "VERDICT", "SEEN")
    for one in results:
        verdict = f"[{colors[one.verdict]}]{one.verdict}[/{colors[one.verdict]}]"
        rows.add_row(str(one.level), one.sample, one.check, verdict, escape(one.seen))
    console.print()
    console.print(rows)
    console.print(f"capability level shown: {level_of(results)} (levels above 2 need checks of your own)")
