"""``kubewright demo``: the Website operator end to end on a cluster of its own, shown step by step."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import signal
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

import kubewright
from kubewright.cli import Failure
from kubewright.cli.demo_story import Step, StepFailed, Story
from kubewright.objects.errors import APIError


class Outcome(NamedTuple):
    title: str
    seconds: float
    failure: str


def command(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave all running afterwards, to be tried with kubectl.")
    ] = False,
) -> None:
    """Show the Website operator's life in eight steps; the status is 0 only if every step held."""
    logging.getLogger().addHandler(logging.NullHandler())
    console = Console(highlight=False)
    home = Path(tempfile.mkdtemp(prefix="kubewright-demo-"))
    raise typer.Exit(asyncio.run(_tell(console, home, keep=keep)))


async def _tell(console: Console, home: Path, *, keep: bool) -> int:
    story = Story(example(), home)
    outcomes: list[Outcome] = []
    try:
        for number, step in enumerate(story.steps(), start=1):
            outcome = await _take(console, number, step)
            outcomes.append(outcome)
            if outcome.failure:
                break
        failed = bool(outcomes[-1].failure)
        _summarise(console, outcomes, len(story.steps()))
        if failed:
            console.print(f"the operator's log: {story.log}")
        if keep:
            await _keep_running(console, story)
    finally:
        await story.end()
    if not failed or keep:
        shutil.rmtree(home, ignore_errors=True)
    return 1 if failed else 0


async def _take(console: Console, number: int, step: Step) -> Outcome:
    """One step, with a spinner while it lasts and a tick when it held."""
    lines: list[str] = []
    started = perf_counter()
    failure = ""
    with console.status(f"[bold]{number}. {step.title}[/bold]") as status:

        def say(text: str) -> None:
            lines.append(text)
            status.update(f"[bold]{number}. {step.title}[/bold]  [dim]{escape(text)}[/dim]")

        try:
            await step.run(say)
        except (APIError, StepFailed, OSError) as error:
            failure = str(error)
    seconds = perf_counter() - started
    mark = "[red]✘[/red]" if failure else "[green]✔[/green]"
    console.print(f"{mark} [bold]{number}. {step.title}[/bold] [dim]{seconds:.2f} s[/dim]")
    for line in lines:
        console.print(Padding(escape(line), (0, 0, 0, 4)), style="dim")
    if failure:
        console.print(Padding(escape(failure), (0, 0, 0, 4)), style="red")
    return Outcome(step.title, seconds, failure)


def _summarise(console: Console, outcomes: list[Outcome], steps: int) -> None:
    table = Table(title="kubewright demo", title_justify="left")
    table.add_column("step")
    table.add_column("held")
    table.add_column("seconds", justify="right")
    for outcome in outcomes:
        table.add_row(
            outcome.title, "[red]no[/red]" if outcome.failure else "[green]yes[/green]", f"{outcome.seconds:.2f}"
        )
    held = sum(not outcome.failure for outcome in outcomes)
    table.add_section()
    table.add_row(f"{held} of {steps} steps held", "", f"{sum(outcome.seconds for outcome in outcomes):.2f}")
    console.print(table)


async def _keep_running(console: Console, story: Story) -> None:
    kubectl = f"kubectl --kubeconfig {story.kubeconfig}"
    console.print("\nEverything runs on; try in another terminal:\n")
    for arguments in (
        "get websites",
        "get ws hello -o yaml",
        "describe ws hello",
        f"apply -f {story.example / 'samples' / 'websites.yaml'}",
        "explain website.spec",
        "get deploy,rs,pods -A -w",
    ):
        console.print(f"    {kubectl} {arguments}", soft_wrap=True)
    console.print(f"\nthe operator's log: {story.log}\nCtrl-C ends it all.", soft_wrap=True)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    with contextlib.suppress(asyncio.CancelledError):
        await stop.wait()


def example() -> Path:
    """The example operator: inside an installed package, or at the root of a checkout."""
    package = Path(kubewright.__file__).parent
    for place in (package / "examples" / "website", package.parent.parent / "examples" / "website"):
        if place.is_dir():
            return place
    raise Failure("this installation has no examples/website")
