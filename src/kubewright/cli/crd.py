"""``kubewright crd``: what a change of a CustomResourceDefinition breaks, and whether a definition is sound."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from kubewright.cli.manifests import ManifestError, read_manifests
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
    _show(found)
    if any(change.breaks for _, change in found):
        raise typer.Exit(1)


@app.command()
def check(
    paths: Annotated[list[str], typer.Argument(help="Files or folders with definitions; - for standard input.")],
) -> None:
    """Tell what the API server would refuse, and what is too big; exit 1 if anything is."""
    errors = 0
    for name, crd in _crds(paths).items():
        problems = _problems(crd)
        size = len(msgspec.json.encode(crd))
        if size > STORAGE_LIMIT:
            problems.append(f"{size} bytes are more than etcd takes: shorten the descriptions")
        errors += len(problems)
        for problem in problems:
            typer.echo(f"{name}: {problem}")
        if not problems and size > ANNOTATION_LIMIT:
            typer.echo(f"{name}: ok, but {size} bytes are too many for client-side apply: use --server-side")
        elif not problems:
            typer.echo(f"{name}: ok")
    if errors:
        raise typer.Exit(1)


def _crds(paths: list[str]) -> dict[str, dict[str, Any]]:
    try:
        manifests = read_manifests(paths)
    except ManifestError as error:
        raise typer.BadParameter(str(error)) from None
    found = {m.obj["metadata"]["name"]: m.obj for m in manifests if m.obj.get("kind") == "CustomResourceDefinition"}
    if not found:
        raise typer.BadParameter(f"no CustomResourceDefinition in {', '.join(paths)}")
    return found


def _problems(crd: dict[str, Any]) -> list[str]:
    return [
        f"{cause.field}: {cause.message}"
        for index, version in enumerate(crd["spec"]["versions"])
        for cause in check_schema(
            version["schema"]["openAPIV3Schema"],
            f"spec.versions[{index}].schema.openAPIV3Schema",
            status_subresource="status" in (version.get("subresources") or {}),
        )
    ]


def _show(found: list[tuple[str, Change]]) -> None:
    """A table for people, lines for everything else."""
    found.sort(key=lambda entry: not entry[1].breaks)
    console = Console()
    if not found:
        typer.echo("no changes")
    elif not console.is_terminal:
        for name, change in found:
            typer.echo(f"{name}: {change}")
    else:
        table = Table("DEFINITION", "VERSION", "FIELD", "CHANGE", "BREAKS", box=None, pad_edge=False)
        for name, change in found:
            style = "red" if change.breaks else ""
            table.add_row(name, change.version, change.path, change.message, change.breaks, style=style)
        console.print(table)
