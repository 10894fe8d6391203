from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kubewright.cli import generate, rbac
from kubewright.cli.manifests import read_manifests

ROLE = """\
kind: ClusterRole
rules:
- {apiGroups: [""], resources: [pods], verbs: [get, list]}
"""


@pytest.fixture
def log(workspace: Path) -> Path:
    path = workspace / "audit.log"
    user = {"username": "operator"}
    events = [
        {"verb": verb, "user": user, "requestURI": "/", "objectRef": {"resource": "pods"}} for verb in ("get", "watch")
    ]
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    (workspace / "role.yaml").write_text(ROLE)
    return path


def test_missing_rules_fail_and_unused_ones_are_told(log: Path) -> None:
    result = CliRunner().invoke(rbac.app, ["check", "role.yaml", "--audit-log", "audit.log"])
    assert (result.exit_code, result.stdout) == (1, "missing: watch on pods\nunused: list on pods\n")


def test_a_role_that_fits_passes(log: Path) -> None:
    (log.parent / "role.yaml").write_text(ROLE.replace("list", "watch"))
    result = CliRunner().invoke(rbac.app, ["check", "role.yaml", "--audit-log", "audit.log"])
    assert (result.exit_code, result.stdout) == (0, "the roles grant what was done, and nothing else\n")


def test_a_role_can_be_generated_from_what_was_done(log: Path) -> None:
    assert CliRunner().invoke(generate.app, ["rbac", "--observe", "audit.log"]).exit_code == 0
    (role,) = read_manifests(["config/rbac/role.yaml"])
    assert role.obj["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "watch"]}]


def test_a_file_that_is_no_audit_log_is_refused(log: Path) -> None:
    log.write_text("no json\n")
    result = CliRunner().invoke(rbac.app, ["check", "role.yaml", "--audit-log", "audit.log"])
    assert result.exit_code == 2
    assert "audit.log:1: no audit event" in result.stderr.replace("\n", "")
