"""``kubewright bundle``: an OLM bundle checked without a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from kubewright.cli import Failure
from kubewright.cli.output import Format, Output, show
from kubewright.packaging.bundle_rules import BundleError, Finding, read_bundle, validate_bundle

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def bundle() -> None:
    """Check OLM bundles."""


@app.command()
def validate(
    folder: Annotated[Path, typer.Argument(help="The bundle: the folder with manifests/ and metadata/.")] = Path(
        "dist/bundle"
    ),
    output: Output = Format.text,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
) -> None:
    """Check a bundle against the rules of OLM and its catalogs; exits 1 if an error was found."""
    if not (folder / "manifests").is_dir():
        raise Failure(f"{folder} has no folder manifests; make a bundle with: kubewright package olm")
    paths = [path for path in sorted(folder.rglob("*.yaml")) if path.is_file()]
    try:
        found = validate_bundle(
            read_bundle({path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths})
        )
    except (BundleError, UnicodeDecodeError) as error:
        raise Failure(f"{folder}: {error}") from None
    show([finding._asdict() for finding in found], output, lambda console: print_findings(console, found, str(folder)))
    if any(finding.level == "error" or strict for finding in found):
        raise typer.Exit(1)


def print_findings(console: Console, found: list[Finding], bundle: str) -> None:
    """A line for each finding, and their number."""
    for finding in found:
        color = "red" if finding.level == "error" else "yellow"
        text = f"[{color}]{finding.level:<7} {finding.code}[/{color}]  {escape(f'{finding.where}: {finding.message}')}"
        console.print(text, soft_wrap=True)
    errors = sum(finding.level == "error" for finding in found)
    console.print(f"{escape(bundle)}: {errors} errors, {len(found) - errors} warnings", soft_wrap=True)
