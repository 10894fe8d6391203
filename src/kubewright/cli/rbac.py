"""``kubewright rbac``: what a role lacks and what it grants in vain, by what an operator was seen to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from kubewright.cli import Failure
from kubewright.cli.manifests import ManifestError, read_manifests
from kubewright.cli.output import Format, Output, show
from kubewright.objects import from_dict, to_dict
from kubewright.objects.rbac_v1 import ClusterRole, PolicyRule
from kubewright.packaging.observed_rules import compare, observed_rules

app = typer.Typer(no_args_is_help=True, add_completion=False)

_COLORS = {"missing": "red", "unused": "yellow"}


@app.callback()
def rbac() -> None:
    """Compare roles with what was done."""


@app.command()
def check(
    roles: Annotated[list[str], typer.Argument(help="Files or folders with Roles and ClusterRoles.")],
    audit_log: Annotated[Path, typer.Option(help="What was done: `kubewright apiserver --audit-log-path` writes it.")],
    user: Annotated[str, typer.Option(help="Look at this user only; by default at all but the system's own.")] = "",
    output: Output = Format.text,
) -> None:
    """Tell unused and missing rules; exit 1 if any is missing.

    For example: kubewright rbac check config/rbac --audit-log audit.log
    """
    try:
        manifests = read_manifests(roles)
    except ManifestError as error:
        raise Failure(str(error)) from None
    roles_found = [manifest.obj for manifest in manifests if manifest.obj.get("kind") in ("Role", "ClusterRole")]
    granted = [rule for role in roles_found if not _is_home(role) for rule in _rules(role)]
    upkeep = [rule for role in roles_found if _is_home(role) for rule in _rules(role)]
    missing, unused = compare(granted, observed_rules(read_audit_log(audit_log), user=user), upkeep=upkeep)
    found = {"missing": missing, "unused": unused}
    data = {what: [to_dict(rule) for rule in rules] for what, rules in found.items()}
    show(data, output, lambda console: _print(console, found))
    if missing:
        raise typer.Exit(1)


def _is_home(role: Mapping[str, Any]) -> bool:
    """Whether it is the role for the operator's own namespace: leases and certificates."""
    return role["kind"] == "Role" and str(role.get("metadata", {}).get("name", "")).endswith("-home")


def _rules(role: Mapping[str, Any]) -> list[PolicyRule]:
    return from_dict(ClusterRole, {"rules": role.get("rules")}).rules


def read_audit_log(path: Path) -> Iterator[dict[str, Any]]:
    """The events of an audit log.

    :raises Failure: the file can't be read as one.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        try:
            yield msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise Failure(f"{path}:{number}: no audit event: {error}") from None


def _print(console: Console, found: Mapping[str, Sequence[PolicyRule]]) -> None:
    for what, rules in found.items():
        for rule in rules:
            subjects = [
                f"{resource}.{group}" if group else resource for group in rule.api_groups for resource in rule.resources
            ]
            on = ", ".join(subjects or rule.non_resource_urls)
            console.print(f"[{_COLORS[what]}]{what}[/]: {', '.join(rule.verbs)} on {on}", soft_wrap=True)
    if not any(found.values()):
        console.print("the roles grant what was done, and nothing else")
