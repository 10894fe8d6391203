"""From ``init --ansible`` to an operator that was deployed and removed: every step is the real command."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
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

from kubewright.objects import Unstructured
from kubewright.objects.core_v1 import ConfigMap, Namespace
from kubewright.packaging.manifest import Object
from kubewright.testing import TestCluster

pytestmark = pytest.mark.timeout(180)  # tests and linters of the project run within


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a kind that a role reconciles, and one with a playbook that has a role."""
    folder = tmp_path_factory.mktemp("home")
    kubewright(folder, "init", NAME, "--domain", "example.com", "--ansible")
    create = ("create", "api", "--group", "sales", "--version", "v1", "--kind")
    kubewright(folder / NAME, *create, "CoffeeOrder")
    kubewright(folder / NAME, *create, "Voucher", "--generate-playbook", "--generate-role")
    kubewright(folder / NAME, "generate", "all")
    kubewright(folder / NAME, "package", "all")
    return folder / NAME


def test_a_project_without_kinds_is_well_already(tmp_path: Path) -> None:
    made = kubewright(tmp_path, "init", "other", "--domain", "example.com", "--ansible")
    assert 12 <= made.count("wrote ") <= 20
    kubewright(tmp_path / "other", "generate", "all")
    assert "up to date" in kubewright(tmp_path / "other", "check")
    assert "1 skipped" in run(tmp_path / "other", "python", "-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_each_kind_has_its_watch_and_a_schema_of_its_role(shop: Path) -> None:
    watches = yaml.safe_load((shop / "watches.yaml").read_text())
    assert [one.get("role") or one["playbook"] for one in watches] == ["coffeeorder", "playbooks/voucher.yml"]
    for plural in ("coffeeorders", "vouchers"):
        crd = yaml.safe_load((shop / f"config/crd/{plural}.sales.example.com.yaml").read_text())
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        assert schema["required"] == ["spec"]
        assert schema["properties"]["spec"]["properties"]["message"]["type"] == "string"


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


def test_a_role_whose_variables_change_makes_the_generated_files_stale(shop: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(shop, tmp_path / NAME))
    specs = copy / "roles/coffeeorder/meta/argument_specs.yml"
    specs.write_text(specs.read_text().replace("type: str", "type: int"))
    with pytest.raises(AssertionError, match=r"\+ +type: integer"):
        kubewright(copy, "check")


def test_nothing_is_overwritten_and_flavours_are_not_mixed(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="exists already; nothing was written"):
        kubewright(shop, "create", "api", "--group", "sales", "--version", "v1", "--kind", "Voucher")
    with pytest.raises(AssertionError, match="not of Python code"):
        kubewright(shop, "create", "webhook", "--kind", "Voucher", "--validation")
    with pytest.raises(AssertionError, match="choose --helm or --ansible"):
        kubewright(tmp_path, "init", "both", "--domain", "example.com", "--ansible", "--helm", "x")


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
    await cluster.gone(ConfigMap, "voucher-sample")
    assert await everything(cluster.client) == before


async def sample_becomes_ready(cluster: TestCluster, shop: Path) -> None:
    sample: dict[str, Any] = yaml.safe_load((shop / "config/samples/voucher.yaml").read_text())
    await cluster.client.apply(Unstructured(sample))
    message = {"message": "Hello from a sample"}
    await cluster.eventually(ConfigMap, "voucher-sample", lambda found: found.data == message, timeout=30)


def test_an_upgrade_brings_the_newer_scaffold_and_keeps_watches_and_roles(shop: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(shop, tmp_path / NAME))

    def newer(templates: Path) -> None:
        watches = templates / "ansible/watches.yaml.j2"
        watches.write_text(f"# A newer heading\n{watches.read_text()}")

    upgraded(copy, tmp_path / "templates", newer)
    watches = (copy / "watches.yaml").read_text()
    assert watches.startswith("# A newer heading\n")
    assert len(yaml.safe_load(watches)) == 2
    assert (copy / "roles/voucher/tasks/main.yml").is_file()
