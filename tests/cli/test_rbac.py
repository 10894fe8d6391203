from __future__ import annotations

import json
import sys
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


def test_leases_and_certificates_are_not_called_unused(log: Path) -> None:
    home = """\
---
kind: Role
metadata: {name: sites-home}
rules:
- {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, create, update]}
"""
    (log.parent / "role.yaml").write_text(ROLE.replace("list", "watch") + home)
    result = CliRunner().invoke(rbac.app, ["check", "role.yaml", "--audit-log", "audit.log"])
    assert (result.exit_code, result.stdout) == (0, "the roles grant what was done, and nothing else\n")


def test_a_role_can_be_generated_from_what_was_done(log: Path) -> None:
    assert CliRunner().invoke(generate.app, ["rbac", "--observe", "audit.log"]).exit_code == 0
    role = read_manifests(["config/rbac/role.yaml"])[0]
    assert {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "watch"]} in role.obj["rules"]
    assert not any("sites" in rule["resources"] for rule in role.obj["rules"])


def test_a_file_that_is_no_audit_log_is_refused(log: Path) -> None:
    log.write_text("no json\n")
    result = CliRunner().invoke(rbac.app, ["check", "role.yaml", "--audit-log", "audit.log"])
    assert "audit.log:1: no audit event" in str(result.exception)


SESSION = """\
import asyncio
from kubewright import ObjectMeta
from kubewright.localcluster import LocalCluster
from kubewright.objects.core_v1 import Secret
from kubewright.testing.cluster import TestCluster
from sites import Site, SiteSpec, op


async def main():
    async with LocalCluster() as local:
        cluster = TestCluster(local)
        await cluster.client.create(Secret(metadata=ObjectMeta(name="unseen", namespace="default")))
        async with cluster.running(op):
            await cluster.client.create(Site(metadata=ObjectMeta(name="a", namespace="default"), spec=SiteSpec()))
            await cluster.eventually(Site, "a", lambda site: site.status.ready)

asyncio.run(main())
"""


def test_a_session_shows_what_the_operator_needs(workspace: Path) -> None:
    text = (
        (workspace / "operator.py")
        .read_text()
        .replace("Context) -> None: ...", "Context) -> None: site.status.ready = True")
    )
    (workspace / "operator.py").unlink()  # a script's folder comes before the standard library
    (workspace / "sites.py").write_text(text)
    (workspace / "session.py").write_text(SESSION)
    command = ["rbac", "sites.py", "--observe-run", f"{sys.executable} session.py"]
    result = CliRunner().invoke(generate.app, command)
    assert result.exit_code == 0, result.output
    role = read_manifests(["config/rbac"])[0].obj
    granted = {resource: rule["verbs"] for rule in role["rules"] for resource in rule["resources"]}
    assert granted == {
        "validatingwebhookconfigurations": ["get", "patch"],
        "deployments": ["list", "watch"],
        "sites": ["list", "watch"],
        "sites/status": ["patch"],
    }


@pytest.mark.parametrize(("script", "words"), [("raise SystemExit(3)", "failed"), ("pass", "on no embedded cluster")])
def test_a_session_that_shows_nothing_changes_nothing(workspace: Path, script: str, words: str) -> None:
    (workspace / "session.py").write_text(script)
    result = CliRunner().invoke(generate.app, ["rbac", "--observe-run", f"{sys.executable} session.py"])
    assert result.exit_code and words in f"{result.exception}{result.stderr}"
    assert not Path("config").exists()
