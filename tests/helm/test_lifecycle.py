"""From ``init --helm`` to an operator that was deployed, upgraded and removed: every step is the real command."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.helm.charts import write_chart
from tests.project.lifecycle import against, deployed, installed, kubewright, run, upgraded
from tests.project.test_lifecycle import (
    HOME,
    NAME,
    everything,
    installed_by_olm,
    rendered_by_helm,
    rendered_by_kustomize,
    rendered_by_yaml,
)

from kubewright.client import Untyped
from kubewright.objects import GroupVersionKind, Unstructured
from kubewright.objects.apps_v1 import Deployment
from kubewright.objects.core_v1 import Namespace
from kubewright.packaging.manifest import Object
from kubewright.testing import TestCluster

pytestmark = pytest.mark.timeout(180)  # tests and linters of the project run within

CACHE = GroupVersionKind("charts.example.com", "v1alpha1", "Cache")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a chart of its author's, and one that was made for it."""
    folder = tmp_path_factory.mktemp("home")
    chart = write_chart(folder, schema={"type": "object", "properties": {"message": {"type": "string"}}})
    kubewright(folder, "init", NAME, "--domain", "example.com", "--helm", str(chart))
    kubewright(folder / NAME, "create", "api", "--kind", "Cache")
    kubewright(folder / NAME, "generate", "all")
    kubewright(folder / NAME, "package", "all")
    return folder / NAME


def test_each_chart_has_its_kind_its_watch_and_its_sample(shop: Path) -> None:
    watches = yaml.safe_load((shop / "watches.yaml").read_text())
    assert [(one["kind"], one["chart"]) for one in watches] == [
        ("Web", "helm-charts/web"), ("Cache", "helm-charts/cache"),
    ]  # fmt: skip
    sample = yaml.safe_load((shop / "config/samples/web.yaml").read_text())
    assert sample["spec"] == {"message": "hello"}
    crd = yaml.safe_load((shop / "config/crd/webs.charts.example.com.yaml").read_text())
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert spec["properties"]["message"] == {"type": "string"}


def test_its_roles_grant_what_its_charts_make(shop: Path) -> None:
    cluster_role, _ = yaml.safe_load_all((shop / "config/rbac/role.yaml").read_text())
    granted = {resource for rule in cluster_role["rules"] for resource in rule["resources"]}
    assert {"configmaps", "deployments", "services", "serviceaccounts", "secrets", "webs", "caches/status"} <= granted
    assert "*" not in granted


def test_its_own_tests_pass_unedited(shop: Path) -> None:
    assert "2 passed" in run(shop, "python", "-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_it_is_well_formatted_and_typed_strictly(shop: Path) -> None:
    run(shop, "ruff", "format", "--check", "--no-cache", "tests")
    run(shop, "ruff", "check", "--no-cache", "tests")
    run(shop, "mypy")


def test_its_samples_become_ready_and_its_bundle_is_valid(shop: Path) -> None:
    assert kubewright(shop, "rehearse").count("yes") == 2
    assert " 0 errors" in kubewright(shop, "bundle", "validate")
    assert "up to date" in kubewright(shop, "check")


def test_a_chart_whose_schema_changes_makes_the_generated_files_stale(shop: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(shop, tmp_path / NAME))
    schema = copy / "helm-charts/web/values.schema.json"
    schema.write_text(schema.read_text().replace('"string"', '"string", "maxLength": 20'))
    with pytest.raises(AssertionError, match="maxLength: 20"):
        kubewright(copy, "check")


def test_nothing_is_overwritten_and_python_is_not_added(shop: Path) -> None:
    with pytest.raises(AssertionError, match="helm-charts/cache exists already"):
        kubewright(shop, "create", "api", "--kind", "Cache")
    with pytest.raises(AssertionError, match="not of Python code"):
        kubewright(shop, "create", "webhook", "--kind", "Cache", "--validation")


@pytest.mark.parametrize("render", [rendered_by_kustomize, rendered_by_yaml, rendered_by_helm, installed_by_olm])
async def test_every_package_grants_and_starts_what_makes_a_sample_ready(
    cluster: TestCluster, shop: Path, render: Callable[[Path], list[Object]]
) -> None:
    await installed(cluster, shop, render(shop), sample_becomes_ready)


async def test_what_deploy_puts_on_a_cluster_undeploy_takes_off(cluster: TestCluster, shop: Path) -> None:
    before = await everything(cluster.client)
    await against(cluster.local, shop, "deploy")
    deployment = next(obj for obj in rendered_by_yaml(shop) if obj["kind"] == "Deployment")
    async with deployed(cluster.local, cluster.client, deployment, shop):
        await sample_becomes_ready(cluster, shop)
        await against(cluster.local, shop, "undeploy", "--crds")
    await cluster.gone(Namespace, HOME, namespace="")
    await cluster.gone(Deployment, "cache-sample")
    assert await everything(cluster.client) == before


async def sample_becomes_ready(cluster: TestCluster, shop: Path) -> None:
    sample: dict[str, Any] = yaml.safe_load((shop / "config/samples/cache.yaml").read_text())
    await cluster.client.apply(Unstructured(sample))
    await cluster.eventually(Untyped(CACHE), "cache-sample", is_ready, timeout=30)


def is_ready(resource: Unstructured) -> bool:
    conditions = resource.get("status", "conditions", default=())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def test_an_upgrade_brings_the_newer_scaffold_and_keeps_watches_and_charts(shop: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(shop, tmp_path / NAME))

    def newer(templates: Path) -> None:
        watches = templates / "helm/watches.yaml.j2"
        watches.write_text(f"# A newer heading\n{watches.read_text()}")

    upgraded(copy, tmp_path / "templates", newer)
    watches = (copy / "watches.yaml").read_text()
    assert watches.startswith("# A newer heading\n")
    assert len(yaml.safe_load(watches)) == 2
