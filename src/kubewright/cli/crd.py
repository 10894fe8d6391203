"""``kubewright crd``: what a change of a CustomResourceDefinition breaks, and whether a definition is sound."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, NamedTuple

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from kubewright.cli import Failure
from kubewright.cli.definitions import definitions_in
from kubewright.cli.output import Format, Output, show, table
from kubewright.schema.diff import Change, diff_crds
from kubewright.schema.structural import check_schema

app = typer.Typer(no_args_is_help=True, add_completion=False)

ANNOTATION_LIMIT = 262_144
"""Bytes of all annotations of an object; client-side apply keeps a copy of the object in one."""

STORAGE_LIMIT = 1_500_000
"""Bytes that etcd takes in one request by default."""


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="The definitions before: a file, a folder, or - for standard input.")],
    new: Annotated[str, typer.Argument(help="The definitions after.")],
    output: Output = Format.text,
) -> None:
    """Tell which changes break stored objects or clients; exit 1 if any does.

    In CI: git show main:config/crd/sites.yaml | kubewright crd diff - config/crd/sites.yaml
    """
    before, after = _crds([old]), _crds([new])
    found = [
        (name, change)
        for name, crd in before.items()
        for change in (
            diff_crds(crd, after[name]) if name in after else [Change("", "", "it is gone", "stored objects")]
        )
    ]
    found += [(name, Change("", "", "it is new")) for name in after if name not in before]
    found.sort(key=lambda entry: not entry[1].breaks)
    show([{"definition": name, **change._asdict()} for name, change in found], output, partial(_print_diff, found))
    if any(change.breaks for _, change in found):
        raise typer.Exit(1)


@app.command()
def check(
    paths: Annotated[list[str], typer.Argument(help="Files or folders with definitions; - for standard input.")],
    output: Output = Format.text,
) -> None:
    """Tell what the API server would refuse, and what is too big; exit 1 if anything is."""
    checked = [_Checked(name, len(msgspec.json.encode(crd)), _problems(crd)) for name, crd in _crds(paths).items()]
    show([one._asdict() for one in checked], output, partial(_print_checked, checked))
    if any(one.problems for one in checked):
        raise typer.Exit(1)


class _Checked(NamedTuple):
    definition: str
    bytes: int
    problems: list[str]


def _crds(paths: list[str]) -> dict[str, dict[str, Any]]:
    found = {crd["metadata"]["name"]: crd for crd in definitions_in(paths)}
    if not found:
        raise Failure(f"no CustomResourceDefinition in {', '.join(paths)}")
    return found


def _problems(crd: dict[str, Any]) -> list[str]:
    size = len(msgspec.json.encode(crd))
    return [
        f"{cause.field}: {cause.message}"
        for index, version in enumerate(crd["spec"]["versions"])
        for cause in check_schema(
            version["schema"]["openAPIV3Schema"],
            f"spec.versions[{index}].schema.openAPIV3Schema",
            status_subresource="status" in (version.get("subresources") or {}),
        )
    ] + [f"{size} bytes are more than etcd takes: shorten the descriptions"] * (size > STORAGE_LIMIT)


def _print_diff(found: list[tuple[str, Change]], console: Console) -> None:
    """A table on a terminal, lines elsewhere."""
    if not found:
        console.print("no changes")
    elif not console.is_terminal:
        for name, change in found:
            console.print(escape(f"{name}: {change}"), soft_wrap=True)
    else:
        rows = table("DEFINITION", "VERSION", "FIELD", "CHANGE", "BREAKS")
        for name, change in found:
            style = "red" if change.breaks else ""
            rows.add_row(name, change.version, change.path, escape(change.message), change.breaks, style=style)
        console.print(rows)


def _print_checked(checked: list[_Checked], console: Console) -> None:
    for one in checked:
        for problem in one.problems:
            console.print(escape(f"{one.definition}: {problem}"), style="red", soft_wrap=True)
        if not one.problems:
            but = f", but {one.bytes} bytes are too many for client-side apply: use --server-side"
            console.print(f"{one.definition}: ok{but if one.bytes > ANNOTATION_LIMIT else ''}", soft_wrap=True)
