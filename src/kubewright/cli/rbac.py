"""``kubewright rbac``: what a role lacks and what it grants in vain, by what an operator was seen to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from kubewright.cli.manifests import ManifestError, read_manifests
from kubewright.objects import from_dict
from kubewright.objects.rbac_v1 import ClusterRole, PolicyRule
from kubewright.packaging.observed_rules import compare, observed_rules

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def rbac() -> None:
    """Compare roles with what was done."""


@app.command()
def check(
    roles: Annotated[list[str], typer.Argument(help="Files or folders with Roles and ClusterRoles.")],
    audit_log: Annotated[Path, typer.Option(help="What was done: `kubewright apiserver --audit-log-path` writes it.")],
    user: Annotated[str, typer.Option(help="Look at this user only; by default at all but the system's own.")] = "",
) -> None:
    """Tell unused and missing rules; exit 1 if any is missing."""
    try:
        manifests = read_manifests(roles)
    except ManifestError as error:
        raise typer.BadParameter(str(error)) from None
    granted = [
        rule
        for manifest in manifests
        if manifest.obj.get("kind") in ("Role", "ClusterRole")
        for rule in from_dict(ClusterRole, {"rules": manifest.obj.get("rules")}).rules
    ]
    missing, unused = compare(granted, observed_rules(read_audit_log(audit_log), user=user))
    _show("missing", missing)
    _show("unused", unused)
    if not missing and not unused:
        typer.echo("the roles grant what was done, and nothing else")
    if missing:
        raise typer.Exit(1)


def read_audit_log(path: Path) -> Iterator[dict[str, Any]]:
    """The events of an audit log.

    :raises typer.BadParameter: the file can't be read as one.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        try:
            yield msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise typer.BadParameter(f"{path}:{number}: no audit event: {error}") from None


def _show(what: str, rules: Iterable[PolicyRule]) -> None:
    for rule in rules:
        subjects = [
            f"{resource}.{group}" if group else resource for group in rule.api_groups for resource in rule.resources
        ]
        typer.echo(f"{what}: {', '.join(rule.verbs)} on {', '.join(subjects or rule.non_resource_urls)}")
