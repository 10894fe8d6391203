"""``kubewright validate``: check manifests without a cluster, as the API server would check them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kubewright.cli.manifests import Manifest, ManifestError, read_manifests
from kubewright.objects import to_dict
from kubewright.schema import SchemaError
from kubewright.schema.offline import OfflineValidator, UnknownKind


def command(
    paths: Annotated[list[str], typer.Argument(help="Files or folders with objects; - for standard input.")],
    crds: Annotated[list[str] | None, typer.Option(help="Files or folders with CustomResourceDefinitions.")] = None,
    operator: Annotated[str, typer.Option(help="Take the definitions from this operator's code: FILE.py[:NAME].")] = "",
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Pass over kinds that there is no schema for.")
    ] = False,
) -> None:
    """Check manifests offline: unknown fields, types, constraints and CEL rules; exit 1 if any object is invalid.

    Definitions are taken from the manifests themselves too.
    """
    try:
        manifests, definitions = read_manifests(paths), read_manifests(crds or _conventional())
    except ManifestError as error:
        raise typer.BadParameter(str(error)) from None
    known = [m.obj for m in (*definitions, *manifests) if m.obj.get("kind") == "CustomResourceDefinition"]
    validator = OfflineValidator([*known, *_of_operator(operator)])
    wrong = sum(not _check(validator, manifest, skip_unknown=skip_unknown) for manifest in manifests)
    if wrong:
        raise typer.Exit(1)


def _conventional() -> list[str]:
    return ["config/crd"] if Path("config/crd").is_dir() else []


def _of_operator(target: str) -> list[dict[str, Any]]:
    if not target:
        return []
    from kubewright.cli.loading import OperatorNotFound, load_operator  # imports the whole framework

    try:
        return [to_dict(crd) for crd in load_operator(target).crds()]
    except (OperatorNotFound, SchemaError) as error:
        raise typer.BadParameter(str(error)) from None


def _check(validator: OfflineValidator, manifest: Manifest, *, skip_unknown: bool) -> bool:
    try:
        causes = validator.check(manifest.obj)
    except UnknownKind as error:
        typer.echo(f"{manifest.source}: {manifest.name}: {error}" + (" (skipped)" if skip_unknown else ""))
        return skip_unknown
    for cause in causes:
        typer.echo(f"{manifest.source}: {manifest.name}: {cause.field}: {cause.message}")
    if not causes:
        typer.echo(f"{manifest.source}: {manifest.name}: ok")
    return not causes
