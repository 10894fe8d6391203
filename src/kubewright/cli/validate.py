"""``kubewright validate``: check manifests without a cluster, as the API server would check them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer
from msgspec import to_builtins
from rich.console import Console
from rich.markup import escape

from kubewright.cli import Failure
from kubewright.cli.manifests import Manifest, ManifestError, read_manifests
from kubewright.cli.output import Format, Output, show
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
    output: Output = Format.text,
) -> None:
    """Check manifests offline: unknown fields, types, constraints and CEL rules; exit 1 if any object is invalid.

    Definitions are taken from the manifests themselves too.

    For example: kubewright validate config/samples -o json
    """
    try:
        manifests, definitions = read_manifests(paths), read_manifests(crds or _conventional())
    except ManifestError as error:
        raise Failure(str(error)) from None
    known = [m.obj for m in (*definitions, *manifests) if m.obj.get("kind") == "CustomResourceDefinition"]
    validator = OfflineValidator([*known, *_of_operator(operator)])
    verdicts = [_check(validator, manifest, skip_unknown=skip_unknown) for manifest in manifests]
    show([to_builtins(verdict) for verdict in verdicts], output, lambda console: _print(console, verdicts))
    if any(verdict.result == "invalid" for verdict in verdicts):
        raise typer.Exit(1)


class _Problem(msgspec.Struct, frozen=True):
    """What is wrong with an object, and in which field, as far as it is about one."""

    field: str
    message: str


class _Verdict(msgspec.Struct, frozen=True):
    """What is to be said about one object."""

    source: str
    object: str
    result: Literal["ok", "invalid", "skipped"]
    problems: list[_Problem] = []


def _conventional() -> list[str]:
    return ["config/crd"] if Path("config/crd").is_dir() else []


def _of_operator(target: str) -> list[dict[str, Any]]:
    if not target:
        return []
    from kubewright.cli.loading import OperatorNotFound, load_operator  # imports the whole framework

    try:
        return [to_dict(crd) for crd in load_operator(target).crds()]
    except (OperatorNotFound, SchemaError) as error:
        raise Failure(str(error)) from None


def _check(validator: OfflineValidator, manifest: Manifest, *, skip_unknown: bool) -> _Verdict:
    try:
        causes = validator.check(manifest.obj)
    except UnknownKind as error:
        result: Literal["skipped", "invalid"] = "skipped" if skip_unknown else "invalid"
        return _Verdict(manifest.source, manifest.name, result, [_Problem("", str(error))])
    problems = [_Problem(cause.field, cause.message) for cause in causes]
    return _Verdict(manifest.source, manifest.name, "invalid" if problems else "ok", problems)


def _print(console: Console, verdicts: list[_Verdict]) -> None:
    for one in verdicts:
        place = f"{one.source}: {one.object}"
        for problem in one.problems:
            field = f"{problem.field}: " if problem.field else ""
            skipped = " (skipped)" if one.result == "skipped" else ""
            console.print(escape(f"{place}: {field}{problem.message}{skipped}"), soft_wrap=True)
        if one.result == "ok":
            console.print(escape(f"{place}: ok"), soft_wrap=True)
