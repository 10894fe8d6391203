"""``kubewright generate``: everything that follows from an operator's code, written as files or compared with them."""

from __future__ import annotations

import difflib
import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from kubewright.cli import Failure
from kubewright.cli.crd import ANNOTATION_LIMIT
from kubewright.cli.definitions import Names, OfCluster, Source, read_definitions
from kubewright.cli.loading import OperatorNotFound, load_operator
from kubewright.cli.options import Target
from kubewright.cli.output import progress
from kubewright.cli.rbac import read_audit_log
from kubewright.localcluster.cluster import AUDIT_LOG
from kubewright.objects.rbac_v1 import PolicyRule
from kubewright.operator import Operator
from kubewright.packaging.generated import (
    MARK,
    Files,
    crd_files,
    doc_files,
    policy_files,
    rbac_files,
    schema_files,
    webhook_files,
)
from kubewright.packaging.observed_rules import observed_rules
from kubewright.schema import SchemaError
from kubewright.schema.models import models as models_of

app = typer.Typer(no_args_is_help=True, add_completion=False)

OutputDir = Annotated[Path, typer.Option(help="The folder to write below.")]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; show what is stale and exit 1 if anything is.")]
Namespaces = Annotated[
    list[str] | None, typer.Option("--namespace", help="Make Roles in these, a ClusterRole only where no Role will do.")
]
Namespace = Annotated[str, typer.Option(help="Where the operator runs; by default NAME-system.")]

CONFIG, SCHEMAS, DOCS = Path("config"), Path("."), Path("docs")


class Change(NamedTuple):
    """A generated file as it is and as it should be; None where there is none."""

    path: Path
    before: str | None
    after: str | None

    def difference(self) -> str:
        """A unified diff."""
        old, new = ((text or "").splitlines(True) for text in (self.before, self.after))
        lines = difflib.unified_diff(old, new, str(self.path), f"{self.path} (generated)")
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


@app.command()
def crds(
    operator: Target = "", output_dir: OutputDir = CONFIG, check: Check = False, namespace: Namespace = ""
) -> None:
    """Write the CustomResourceDefinitions."""
    _emit(_from(operator, lambda op: crd_files(op, namespace=namespace)), output_dir, folder="crd", check=check)


@app.command()
def rbac(
    operator: Target = "",
    output_dir: OutputDir = CONFIG,
    check: Check = False,
    namespaces: Namespaces = None,
    observe: Annotated[
        Path | None, typer.Option(help="Grant what this audit log shows, not what the declarations need.")
    ] = None,
    observe_run: Annotated[
        str, typer.Option(metavar="COMMAND", help="Grant what the operator does while this runs, such as 'pytest'.")
    ] = "",
    user: Annotated[str, typer.Option(help="Whose requests in the audit log; by default all but the system's.")] = "",
) -> None:
    """Write the roles that the operator needs.

    What it needs for itself, leases and certificates, is always granted.  --observe-run sees what the operator does on
    embedded clusters: those of tests, `kubewright rehearse`, `kubewright run --local`.  The log for --observe is
    written by `kubewright apiserver --audit-log-path FILE`, or by any API server.
    """
    op = load(operator)
    rules: list[PolicyRule] = []
    if observe_run:
        rules = _observed(observe_run, op)
    elif observe is not None:
        rules = observed_rules(read_audit_log(observe), user=user)
    files = _made(op, lambda op: rbac_files(op, namespaces=namespaces or (), rules=rules))
    _emit(files, output_dir, folder="rbac", check=check)


def _observed(command: str, operator: Operator) -> list[PolicyRule]:
    """What the operator does on embedded clusters while a command runs."""
    with tempfile.TemporaryDirectory(prefix="kubewright-") as directory:
        log = Path(directory, "audit.log")
        log.touch()
        environment = {**os.environ, AUDIT_LOG: str(log)}
        status = subprocess.run(shlex.split(command), env=environment, check=False).returncode
        if status:
            raise Failure(f"{command!r} failed with status {status}, so it may not have shown all that is needed")
        rules = observed_rules(read_audit_log(log), user=operator.user, local=True)
    if not rules:
        raise Failure(f"{command!r} ran {operator.name} on no embedded cluster")
    return rules


@app.command()
def webhooks(
    operator: Target = "", output_dir: OutputDir = CONFIG, check: Check = False, namespace: Namespace = ""
) -> None:
    """Write the webhook configurations."""
    _emit(_from(operator, lambda op: webhook_files(op, namespace=namespace)), output_dir, folder="webhook", check=check)


@app.command()
def policies(operator: Target = "", output_dir: OutputDir = CONFIG, check: Check = False) -> None:
    """Write the CEL rules of the resources as ValidatingAdmissionPolicies.

    The definitions enforce their rules by themselves; policies do so even where the definitions are somebody else's
    or being replaced.  Once `config/policy` exists, `generate all` keeps it current.
    """
    _emit(_from(operator, policy_files), output_dir, folder="policy", check=check)


@app.command()
def schemas(operator: Target = "", output_dir: OutputDir = SCHEMAS, check: Check = False) -> None:
    """Write JSON Schemas, with which editors complete and check resources."""
    _emit(_from(operator, schema_files), output_dir, folder="schemas", check=check)


@app.command()
def docs(operator: Target = "", output_dir: OutputDir = DOCS, check: Check = False) -> None:
    """Write an API reference page for each kind."""
    _emit(_from(operator, doc_files), output_dir, folder="api", check=check)


@app.command(name="all")
def everything(operator: Target = "", check: Check = False) -> None:
    """Write CRDs, roles, webhook configurations, JSON Schemas and reference pages to their usual places."""
    _finish(outdated(load(operator)), check=check)


def outdated(operator: Operator) -> list[Change]:
    """What `generate all` would change."""
    makers: list[tuple[Callable[[Operator], Files], Path, str]] = [
        (crd_files, CONFIG, "crd"),
        (rbac_files, CONFIG, "rbac"),
        (webhook_files, CONFIG, "webhook"),
        (schema_files, SCHEMAS, "schemas"),
        (doc_files, DOCS, "api"),
    ]
    if (CONFIG / "policy").is_dir():
        makers.append((policy_files, CONFIG, "policy"))
    return [
        change for make, output, folder in makers for change in _changes(_made(operator, make), output, folder=folder)
    ]


@app.command()
def models(
    source: Source,
    names: Names = None,
    output_dir: Annotated[Path, typer.Option(help="The folder to write modules to, one a kind.")] = Path(),
    check: Check = False,
    context: OfCluster = None,
) -> None:
    """Write typed Python classes for someone else's custom resources.

    In a project, `kubewright create child` does this and lets a kind own them.
    """
    chosen = read_definitions(source, names or (), context)
    _emit({f"{_module_name(crd)}.py": models_of(crd) for crd in chosen}, output_dir, check=check)


def _module_name(crd: dict[str, Any]) -> str:
    names = crd["spec"]["names"]
    return str(names.get("singular") or names["kind"].lower())


def _from(target: str, make: Callable[[Operator], Files]) -> Files:
    return _made(load(target), make)


def load(target: str) -> Operator:
    """The operator that is meant."""
    try:
        return load_operator(target)
    except OperatorNotFound as error:
        raise Failure(str(error)) from None


def _made(operator: Operator, make: Callable[[Operator], Files]) -> Files:
    try:
        return make(operator)
    except SchemaError as error:
        raise Failure(str(error)) from None


def _emit(files: Files, output: Path, *, folder: str = "", check: bool) -> None:
    _finish(_changes(files, output, folder=folder), check=check)


def _changes(files: Files, output: Path, *, folder: str = "") -> list[Change]:
    """What differs, and what is no longer generated.

    :param folder: the one below ``output`` that the files go to, which may have to be emptied.
    """
    texts: dict[Path, str | None] = {output / path: text for path, text in files.items()}
    for place in {output / folder, *(path.parent for path in texts)} - {output}:
        texts |= {path: None for path in place.glob("*") if path not in texts and _is_generated(path)}
    changes: list[Change] = []
    for path, text in sorted(texts.items()):
        _guard_size(path, text or "")
        before = path.read_text() if path.is_file() else None
        if before != text:
            changes.append(Change(path, before, text))
    return changes


def _finish(changes: list[Change], *, check: bool) -> None:
    """Make the changes, or only show them and fail if there are any."""
    for change in changes:
        if check:
            typer.echo(change.difference(), nl=False)
        elif change.after is None:
            change.path.unlink()
            typer.echo(f"removed {change.path}")
        else:
            change.path.parent.mkdir(parents=True, exist_ok=True)
            change.path.write_text(change.after)
            typer.echo(f"wrote {change.path}")
    if check and changes:
        raise typer.Exit(1)


def _guard_size(path: Path, text: str) -> None:
    if path.suffix == ".yaml" and len(text) > ANNOTATION_LIMIT:
        warning = f"{path}: {len(text)} bytes are too many for client-side apply; use kubectl apply --server-side"
        progress().print(warning, style="yellow", soft_wrap=True)


def _is_generated(path: Path) -> bool:
    return path.is_file() and MARK in path.read_text(errors="replace")[:200]
