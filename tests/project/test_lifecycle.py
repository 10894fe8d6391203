"""From ``init`` to an operator that was deployed, upgraded and removed: every step is the real command."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import helm_python
import pytest
import yaml
from tests.project.lifecycle import against, deployed, installed, kubewright, run, upgraded

from kubewright.client import Client, MetadataOnly, NoMatch, Untyped
from kubewright.objects import GroupVersionKind, Unstructured, to_json
from kubewright.objects.admissionregistration_v1 import ValidatingWebhookConfiguration
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.core_v1 import ConfigMap, Namespace
from kubewright.objects.errors import Invalid
from kubewright.packaging.deploy import KINDS
from kubewright.packaging.manifest import Object
from kubewright.project.settings import find_project
from kubewright.testing import TestCluster

pytestmark = pytest.mark.timeout(180)  # linters and tests of the project run within

NAME, HOME = "shop", "shop-system"
ORDER = GroupVersionKind("sales.example.com", "v1", "CoffeeOrder")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one kind, as the commands make it."""
    folder = tmp_path_factory.mktemp("home")
    kubewright(folder, "init", NAME, "--domain", "example.com", "--licence", "apache2")
    kubewright(folder / NAME, "create", "api", "--group", "sales", "--version", "v1", "--kind", "CoffeeOrder")
    kubewright(folder / NAME, "generate", "all")
    kubewright(folder / NAME, "package", "all")
    return folder / NAME


def test_a_new_project_is_small(shop: Path) -> None:
    made = kubewright(shop.parent, "init", "other", "--domain", "example.com")
    assert 12 <= made.count("wrote ") <= 20


def test_its_generated_files_are_fresh_until_the_code_changes(shop: Path, tmp_path: Path) -> None:
    assert "up to date" in kubewright(shop, "check")
    copy = Path(shutil.copytree(shop, tmp_path / NAME))
    module = copy / "src/shop/coffee_order.py"
    module.write_text(module.read_text().replace("max_length=200", "max_length=100"))
    with pytest.raises(AssertionError, match="maxLength: 100"):
        kubewright(copy, "check")


def test_its_own_tests_pass_unedited(shop: Path) -> None:
    assert "2 passed" in run(shop, "python", "-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_it_is_well_formatted_and_typed_strictly(shop: Path) -> None:
    run(shop, "ruff", "format", "--check", "--no-cache", "src", "tests")
    run(shop, "ruff", "check", "--no-cache", "src", "tests")
    run(shop, "mypy")


def test_its_rehearsal_shows_that_the_sample_becomes_ready(shop: Path) -> None:
    shown = kubewright(shop, "rehearse")
    assert "CoffeeOrder" in shown
    assert "yes" in shown


def test_its_bundle_is_valid(shop: Path) -> None:
    assert " 0 errors" in kubewright(shop, "bundle", "validate")


def rendered_by_kustomize(shop: Path) -> list[Object]:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed: it renders the kustomize tree")
    command = ["kubectl", "kustomize", str(shop / "config/kustomize/overlays/default")]
    return list(yaml.safe_load_all(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def rendered_by_yaml(shop: Path) -> list[Object]:
    return list(yaml.safe_load_all((shop / "dist/install.yaml").read_text()))


def rendered_by_helm(shop: Path) -> list[Object]:
    with helm_python.Chart.load(str(shop / "dist/chart")) as chart:
        rendered = chart.render({}, name=NAME, namespace=HOME)
    texts = [text for path, text in rendered.items() if path.endswith(".yaml") and "/tests/" not in path]
    return [namespace(), *(obj for text in texts for obj in yaml.safe_load_all(text) if obj)]


def installed_by_olm(shop: Path) -> list[Object]:
    """What OLM makes of a bundle for AllNamespaces: the plain manifests, and what the CSV describes."""
    found = [yaml.safe_load(path.read_text()) for path in sorted((shop / "dist/bundle/manifests").iterdir())]
    (csv,) = (obj for obj in found if obj["kind"] == "ClusterServiceVersion")
    objects = [namespace(), *(obj for obj in found if obj is not csv)]
    install = csv["spec"]["install"]["spec"]
    for scope, kind in (("permissions", "Role"), ("clusterPermissions", "ClusterRole")):
        for number, permission in enumerate(install.get(scope, ())):
            account = permission["serviceAccountName"]
            name = f"olm-{scope.lower()}-{number}"
            group = "rbac.authorization.k8s.io"
            objects += [
                made("v1", "ServiceAccount", account),
                made(f"{group}/v1", kind, name, rules=permission["rules"]),
                made(
                    f"{group}/v1",
                    f"{kind}Binding",
                    name,
                    roleRef={"apiGroup": group, "kind": kind, "name": name},
                    subjects=[{"kind": "ServiceAccount", "name": account, "namespace": HOME}],
                ),
            ]
    objects += [made("apps/v1", "Deployment", one["name"], spec=one["spec"]) for one in install["deployments"]]
    return objects


def namespace() -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}}


def made(api_version: str, kind: str, name: str, **parts: Any) -> Object:
    place = {} if kind.startswith("Cluster") else {"namespace": HOME}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **place}, **parts}


@pytest.mark.parametrize("render", [rendered_by_kustomize, rendered_by_yaml, rendered_by_helm, installed_by_olm])
async def test_every_package_grants_and_starts_what_makes_a_sample_ready(
    cluster: TestCluster, shop: Path, render: Callable[[Path], list[Object]]
) -> None:
    await installed(cluster, shop, render(shop), sample_becomes_ready)


async def test_webhooks_versions_and_tests_are_added_to_a_kind(
    cluster: TestCluster, shop: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(shop, tmp_path / NAME))
    kubewright(copy, "create", "api", "--group", "sales", "--version", "v1beta1", "--kind", "Voucher")
    kubewright(copy, "create", "webhook", "--kind", "Voucher", "--defaulting", "--validation")
    kubewright(copy, "create", "version", "--kind", "Voucher", "--version", "v1")
    kubewright(copy, "create", "version", "--kind", "Voucher", "--version", "v2alpha1")
    with pytest.raises(AssertionError, match="has a version v1 already"):
        kubewright(copy, "create", "version", "--kind", "Voucher", "--version", "v1")
    kubewright(copy, "create", "test", "vouchers_last", "--kind", "Voucher")
    kubewright(copy, "generate", "all")
    run(copy, "ruff", "check", "--no-cache", "src", "tests")
    run(copy, "ruff", "format", "--check", "--no-cache", "src", "tests")
    assert "7 passed" in run(copy, "python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    with pytest.raises(AssertionError, match="already"):
        kubewright(copy, "create", "webhook", "--kind", "Voucher", "--validation")

    refuse_in_the_webhook(copy / "src/shop/voucher.py")
    kubewright(copy, "package", "yaml")
    await against(cluster.local, copy, "deploy")
    deployment = next(obj for obj in rendered_by_yaml(copy) if obj["kind"] == "Deployment")
    async with deployed(cluster.local, cluster.client, deployment, copy):
        await cluster.eventually(
            ValidatingWebhookConfiguration, NAME, lambda found: found.webhooks[0].client_config.ca_bundle, namespace=""
        )
        await cluster.eventually(
            CustomResourceDefinition,
            "vouchers.sales.example.com",
            lambda found: b"caBundle" in to_json(found),
            namespace="",
        )
        await webhooks_are_called_through_their_service(cluster, copy)


def refuse_in_the_webhook(module: Path) -> None:
    """What a user writes below the docstring that was scaffolded."""
    text = (
        module.read_text()
        + """    if new.metadata.name == "forbidden":
        raise Invalid("metadata.name", "no voucher is called so")
"""
    )
    module.write_text(text.replace("from kubewright import ", "from kubewright import Invalid, ", 1))


async def webhooks_are_called_through_their_service(cluster: TestCluster, project: Path) -> None:
    """The packaged operator converts, defaults and refuses what the API server hands to its Service."""
    sample = yaml.safe_load((project / "config/samples/voucher.yaml").read_text())
    forbidden = Unstructured({**sample, "metadata": {"name": "forbidden"}})
    stored = await cluster.client.apply(Unstructured(sample))
    assert stored.api_version == "sales.example.com/v1beta1"
    for version in ("v1", "v2alpha1"):
        other = Untyped(GroupVersionKind("sales.example.com", version, "Voucher"))
        converted = await cluster.client.get(other, stored.metadata.name, "default")
        assert converted.api_version == f"sales.example.com/{version}"
    with pytest.raises(Invalid, match="no voucher is called so"):
        await cluster.client.create(forbidden)


async def sample_becomes_ready(cluster: TestCluster, shop: Path) -> None:
    sample = yaml.safe_load((shop / "config/samples/coffee_order.yaml").read_text())
    await cluster.client.apply(Unstructured(sample))
    await cluster.eventually(ConfigMap, "sample", lambda found: found.data == {"message": "Hello from a sample"})


async def test_what_deploy_puts_on_a_cluster_undeploy_takes_off(cluster: TestCluster, shop: Path) -> None:
    before = await everything(cluster.client)
    shown = await against(cluster.local, shop, "deploy")
    assert "deployment.apps/shop-controller-manager created" in shown
    deployment = next(obj for obj in rendered_by_yaml(shop) if obj["kind"] == "Deployment")
    async with deployed(cluster.local, cluster.client, deployment, shop):
        await sample_becomes_ready(cluster, shop)
        assert "configured" not in await against(cluster.local, shop, "deploy", "--diff")
        await against(cluster.local, shop, "undeploy", "--crds")
    await cluster.gone(Namespace, HOME, namespace="")
    await cluster.gone(ConfigMap, "sample")
    assert await everything(cluster.client) == before


async def everything(client: Client) -> set[tuple[str, str, str]]:
    """What a deployment could leave behind."""
    kinds = [*KINDS, GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")]
    found = set()
    for kind in kinds:
        try:
            target = await client.list(MetadataOnly(kind))
        except NoMatch:
            continue
        found |= {(kind.kind, one.metadata.namespace, one.metadata.name) for one in target}
    return found


def test_an_upgrade_brings_the_newer_scaffold_and_keeps_what_was_edited(shop: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(shop, tmp_path / NAME))
    makefile = copy / "Makefile"
    makefile.write_text(makefile.read_text() + "\nmine: ## My own target\n\t@echo mine\n")

    def newer(templates: Path) -> None:
        common = templates / "common"
        text = (common / "Makefile.j2").read_text()
        text = text.replace("$(BIN)/python -m pytest -q\n", "$(BIN)/python -m pytest -q -n auto\n")
        (common / "Makefile.j2").write_text(text)
        (common / "SECURITY.md.j2").write_text("Write to security@<< domain >>.\n")
        (common / ".devcontainer/devcontainer.json.j2").unlink()

    plan = upgraded(copy, tmp_path / "templates", newer)
    assert plan.delete == [".devcontainer/devcontainer.json"]
    assert "pytest -q -n auto" in makefile.read_text()
    assert "My own target" in run(copy, "make", "help")
    assert (copy / "SECURITY.md").read_text() == "Write to security@example.com.\n"
    assert find_project(copy).scaffold == 2


def test_deleting_the_kind_takes_everything_of_it_away(shop: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(shop, tmp_path / NAME))
    kubewright(copy, "delete", "api", "--kind", "CoffeeOrder", "--yes")
    kubewright(copy, "generate", "all")
    left = [path for path in copy.rglob("*") if "coffee" in path.name.lower() and "dist" not in path.parts]
    assert [path for path in left if "kustomize" not in path.parts and "__pycache__" not in path.parts] == []
