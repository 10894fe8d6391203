"""Printing what a command found, for people or for programs.

Data goes in with a function that draws it for people; standard output gets one or the other, and nothing else.
Progress and complaints go to standard error, so ``-o json | jq`` always works.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.table import Table

from kubewright.objects.manifests import Dumper


class Format(StrEnum):
    """How data is printed."""

    text = "text"
    json = "json"
    yaml = "yaml"


Output = Annotated[Format, typer.Option("--output", "-o", help="text is for people, json and yaml for programs.")]


_WIDE = 160
"""Columns of a table that goes to a file or a pipe, where no terminal says how wide it is."""


def show(data: object, output: Format, text: Callable[[Console], None]) -> None:
    """Print plain data as JSON or YAML, or let ``text`` draw it on standard output."""
    match output:
        case Format.json:
            typer.echo(json.dumps(data, indent=2))
        case Format.yaml:
            typer.echo(yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True), nl=False)
        case Format.text:
            measured = sys.stdout.isatty() or "COLUMNS" in os.environ
            text(Console(highlight=False, width=None if measured else _WIDE))


def table(*columns: str) -> Table:
    """A table as kubectl draws them."""
    return Table(*columns, box=None, pad_edge=False, header_style="bold")


def progress() -> Console:
    """Where is shown what a command is busy with."""
    return Console(stderr=True, highlight=False)
