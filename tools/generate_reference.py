"""Writes the pages of docs/reference that follow from the code: cli.md, metrics.md and capability-checks.md.

The commands are asked for their help, an operator's manager for its metrics; ``--check`` writes nothing and fails if
a page is stale.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from typer.main import get_command

from kubewright.cache.metrics import CacheMetrics
from kubewright.cli import COMMANDS, application
from kubewright.cli.demo import example
from kubewright.cli.loading import load_operator
from kubewright.client import AsgiTransport, Client
from kubewright.client.rest import Exchange
from kubewright.manager import Manager
from kubewright.packaging.bundle_rules import CAPABILITIES
from kubewright.testing.capabilities import CHECKS
from kubewright.webhook import DirectoryStore, URLEndpoint

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"


def cli_page() -> str:
    """Every command with its arguments and options."""
    lines = [
        "# The command line",
        "",
        "Written by `make generate` from the commands themselves. Every command has `--help` (`-h`) and ends with",
        "status 0 when all is well, 1 when it is not, 2 when it was called wrongly. What it cannot do is said in one",
        "line, `error: ...`, on standard error. With `-o json` or `-o yaml` standard output holds the data alone;",
        "progress goes to standard error.",
        "",
        "| command | |",
        "|---|---|",
        *(f"| [`{name}`](#kubewright-{name}) | {text} |" for name, text in COMMANDS.items()),
        "",
    ]
    for name in COMMANDS:
        group: Any = get_command(application(name))
        lines += _command(f"kubewright {name}", group.commands[name])
    return "\n".join(lines).rstrip() + "\n"


def _command(path: str, command: Any) -> Iterator[str]:
    yield f"## {path}"
    yield ""
    if text := inspect.cleandoc(command.help or ""):
        yield text
        yield ""
    shown = [one for one in command.params if not getattr(one, "hidden", False)]
    rows = [_row(one) for one in shown if "--help" not in one.opts]
    if rows:
        yield "| argument or option | default | |"
        yield "|---|---|---|"
        yield from rows
        yield ""
    for name, subcommand in getattr(command, "commands", {}).items():
        yield from _command(f"{path} {name}", subcommand)


def _row(parameter: Any) -> str:
    is_option = parameter.param_type_name == "option"
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts)) if is_option else ""
    label = names or f"`{parameter.metavar or parameter.name.upper()}`"
    choices = _choices(parameter.type_descriptor.annotation)
    default = parameter.default() if callable(parameter.default) else parameter.default
    told = "" if default in (None, "", False, ()) or parameter.required else f"`{getattr(default, 'value', default)}`"
    notes = ["required"] if parameter.required else []
    notes += ["repeatable"] if getattr(parameter, "multiple", False) else []
    notes += [" or ".join(f"`{choice}`" for choice in choices)] if choices else []
    text = (parameter.help or "").replace("|", "\\|").replace("\n", " ")
    told_more = f" ({'; '.join(notes)})" if notes else ""
    return f"| {label} | {told} | {text}{told_more} |"


def _choices(annotation: Any) -> list[str]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(one.value) for one in annotation]
    return [str(one) for one in get_args(annotation)] if get_origin(annotation) is Literal else []


def metrics_page() -> str:
    """Every metric that an operator with webhooks shows."""
    families = sorted(asyncio.run(_families()), key=lambda family: str(family.name))
    lines = [
        "# Metrics",
        "",
        "Written by `make generate` from a manager. Served at `/metrics` of `--metrics-bind-address`; the names are",
        "those of controller-runtime and client-go wherever these have the same thing, so that their dashboards and",
        "alerts go on working. What only kubewright has starts with `kubewright_`.",
        "",
        "| metric | type | labels | meaning |",
        "|---|---|---|---|",
    ]
    for family in families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        sampled = {label for sample in family.samples for label in sample.labels}
        labels = sorted((sampled | set(getattr(family, "_labelnames", ()))) - {"le"})
        meaning = family.documentation.rstrip(".").replace("|", "\\|")
        lines.append(f"| `{name}` | {family.type} | {', '.join(f'`{label}`' for label in labels)} | {meaning} |")
    return "\n".join(lines) + "\n"


async def _families() -> list[Any]:
    async def nobody(scope: object, receive: object, send: object) -> None:
        """The API server that is never asked."""

    operator = load_operator(str(example() / "operator.py"))
    manager = Manager(Client(AsgiTransport(nobody)), operator.name)
    endpoint, store = URLEndpoint("127.0.0.1", 9443), DirectoryStore(Path("unused"))
    operator.add_to(manager, endpoint=endpoint, certificates=store)
    CacheMetrics(manager.cache, manager.metrics.registry)
    if manager.client.rest.observe is not None:
        manager.client.rest.observe(Exchange("PUT", "localhost", "200", 0.0, retry=True, sent=1, received=1))
    manager.metrics.leader.labels(operator.name)
    return list(manager.metrics.registry.collect())


def capability_page() -> str:
    """Every check of the capability levels."""
    lines = [
        "# What `kubewright scorecard` plays",
        "",
        "Written by `make generate` from the checks themselves. The levels are the Operator Framework's: an operator",
        "shows one when something of it was played and passed, and nothing of it, or of those below, failed.",
        "`--level N` asks for one, `--previous` for the upgrade from a git reference or a folder; the rest needs the",
        "project's samples alone. Each check passes, fails or does not apply, with the reason.",
    ]
    for level, name in enumerate(CAPABILITIES, start=1):
        lines += ["", f"## Level {level}: {name}", "", "| check | how to pass it |", "|---|---|"]
        lines += [f"| {check.name} | {check.how} |" for check in CHECKS if check.level == level]
    return "\n".join(lines) + "\n"


PAGES = {"cli.md": cli_page, "metrics.md": metrics_page, "capability-checks.md": capability_page}


def main(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a page is stale.")] = False,
) -> None:
    """Write the reference pages."""
    stale = []
    for name, page in PAGES.items():
        path, text = REFERENCE / name, page()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            typer.echo(f"wrote {path}")
    if check and stale:
        sys.exit(f"stale: {', '.join(stale)}; run make generate")


if __name__ == "__main__":
    typer.run(main)
