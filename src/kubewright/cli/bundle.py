"""``kubewright bundle``: an OLM bundle checked without a cluster."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kubewright.packaging.bundle_rules import BundleError, Finding, read_bundle, validate_bundle

app = typer.Typer(no_args_is_help=True, add_completion=False)


class Output(StrEnum):
    text = "text"
    json = "json"


@app.callback()
def bundle() -> None:
    """Check OLM bundles."""


@app.command()
def validate(
    folder: Annotated[Path, typer.Argument(help="The bundle: the folder with manifests/ and metadata/.")] = Path(
        "dist/bundle"
    ),
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print the findings.")] = Output.text,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
) -> None:
    """Check a bundle against the rules of OLM and its catalogs; exits 1 if an error was found."""
    if not (folder / "manifests").is_dir():
        raise typer.BadParameter(f"{folder} has no folder manifests; make a bundle with: kubewright package olm")
    paths = [path for path in sorted(folder.rglob("*.yaml")) if path.is_file()]
    try:
        found = validate_bundle(
            read_bundle({path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths})
        )
    except (BundleError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{folder}: {error}") from None
    if output is Output.json:
        typer.echo(json.dumps([finding._asdict() for finding in found], indent=2))
    else:
        _print(found, folder)
    if any(finding.level == "error" or strict for finding in found):
        raise typer.Exit(1)


def _print(found: list[Finding], folder: Path) -> None:
    for finding in found:
        color = "red" if finding.level == "error" else "yellow"
        typer.secho(f"{finding.level:<7} {finding.code}  ", fg=color, nl=False)
        typer.echo(f"{finding.where}: {finding.message}")
    errors = sum(finding.level == "error" for finding in found)
    typer.echo(f"{folder}: {errors} errors, {len(found) - errors} warnings")
