from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml
from tests.serving import api_server
from typer.testing import CliRunner, Result

from kubewright.cli import Failure, definitions
from kubewright.cli.generate import app
from kubewright.cli.manifests import read_manifests
from kubewright.client import Client
from kubewright.objects import Unstructured

CERTIFICATE = Path(__file__).parents[1] / "schema" / "goldens" / "certificate.yaml"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_all_is_written_to_the_usual_places(workspace: Path) -> None:
    result = run("all")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "wrote config/crd/sites.web.example.com.yaml",
        "wrote config/rbac/role.yaml",
        "wrote config/webhook/manifests.yaml",
        "wrote schemas/site-web-v1.json",
        "wrote docs/api/site.md",
    ]
    crd = yaml.safe_load(Path("config/crd/sites.web.example.com.yaml").read_text())
    assert crd["spec"]["names"]["kind"] == "Site"
    assert json.loads(Path("schemas/site-web-v1.json").read_text())["title"] == "Site"
    assert "### Site.spec" in Path("docs/api/site.md").read_text()
    (webhook,) = read_manifests(["config/webhook"])
    assert webhook.obj["webhooks"][0]["clientConfig"]["service"]["namespace"] == "sites-system"


def test_a_fresh_tree_passes_the_check(workspace: Path) -> None:
    run("all")
    result = run("all", "--check")
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_stale_tree_is_shown_and_left_alone(workspace: Path) -> None:
    run("all")
    path = Path("config/crd/sites.web.example.com.yaml")
    stale = path.read_text().replace("minimum: 0", "minimum: 1")
    path.write_text(stale)
    result = run("all", "--check")
    assert result.exit_code == 1
    assert "-                minimum: 1\n+                minimum: 0\n" in result.stdout
    assert path.read_text() == stale
    assert run("crds").stdout == f"wrote {path}\n"


def test_files_of_kinds_that_are_gone_are_removed_and_others_kept(workspace: Path) -> None:
    run("crds")
    operator = workspace / "operator.py"
    operator.write_text(operator.read_text().replace('version="v1")', 'version="v1", plural="homepages")'))
    mine = Path("config/crd/kustomization.yaml")
    mine.write_text("resources: []\n")
    result = run("crds")
    assert "removed config/crd/sites.web.example.com.yaml" in result.stdout
    assert mine.exists()


def test_the_role_grants_what_the_declarations_need(workspace: Path) -> None:
    run("rbac")
    role, home = read_manifests(["config/rbac/role.yaml"])
    assert (role.name, home.name) == ("ClusterRole/sites-manager", "Role/sites-home")
    assert {"apiGroups": ["web.example.com"], "resources": ["sites"], "verbs": ["get", "list", "watch"]} in role.obj[
        "rules"
    ]
    injecting = {
        "apiGroups": ["admissionregistration.k8s.io"],
        "resourceNames": ["sites"],
        "resources": ["validatingwebhookconfigurations"],
        "verbs": ["get", "patch"],
    }
    assert injecting in role.obj["rules"]
    assert {rule["resources"][0] for rule in home.obj["rules"]} == {"leases", "secrets"}
    assert not any("*" in rule["verbs"] + rule["resources"] for rule in role.obj["rules"])


def test_a_confined_operator_gets_a_role_in_each_namespace(workspace: Path) -> None:
    run("rbac", "--namespace", "b", "--namespace", "a")
    roles = read_manifests(["config/rbac/role.yaml"])
    assert [(role.name, role.obj["metadata"].get("namespace")) for role in roles] == [
        ("ClusterRole/sites-manager", None),
        ("Role/sites-manager", "a"),
        ("Role/sites-manager", "b"),
        ("Role/sites-home", "sites-system"),
    ]
    assert [rule["resources"] for rule in roles[0].obj["rules"]] == [["validatingwebhookconfigurations"]]


def test_models_are_written_from_a_definition(workspace: Path) -> None:
    result = run("models", "--from", str(CERTIFICATE), "--output-dir", "models")
    assert (result.exit_code, result.stdout) == (0, "wrote models/certificate.py\n")
    assert "class CertificateSpec(Spec):" in Path("models/certificate.py").read_text()
    assert run("models", "--from", str(CERTIFICATE), "--output-dir", "models", "--check").exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("replicas: Annotated[int, Meta(ge=0)] = 1", "ratio: float = 0.5", "SiteSpec.ratio: clients in other languages")],
)
def test_what_cannot_be_expressed_is_said_without_a_traceback(workspace: Path, old: str, new: str, words: str) -> None:
    operator = workspace / "operator.py"
    operator.write_text(operator.read_text().replace(old, new))
    result = run("crds")
    assert result.exit_code == 1
    assert isinstance(result.exception, Failure)
    assert words in str(result.exception)


def test_models_are_written_from_a_cluster(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def connect(context: str | None) -> AsyncIterator[Client]:
        async with api_server() as server:
            client = server.client()
            await client.create(Unstructured(yaml.safe_load(CERTIFICATE.read_text())))
            yield client

    monkeypatch.setattr(definitions, "connect", connect)
    result = run("models", "--from", "cluster", "certificates.cert-manager.io")
    assert (result.exit_code, result.stdout) == (0, "wrote certificate.py\n")
    missing = run("models", "--from", "cluster", "nothing.example.com")
    assert "nothing.example.com" in str(missing.exception)
