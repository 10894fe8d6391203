"""Every package format describes the same installation."""

import dataclasses
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import helm_python
import pytest
import yaml

from kubewright.packaging import ManifestError, OperatorManifest, helm_chart, install_yaml, kustomize_tree
from kubewright.packaging.chart import split_image
from kubewright.packaging.graph import build, flatten

Key = tuple[str, str | None, str]


def keyed(objects: list[dict[str, Any]]) -> dict[Key, dict[str, Any]]:
    return {(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]): o for o in objects}


def write(files: Mapping[str, str], folder: Path) -> Path:
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return folder


def render(manifest: OperatorManifest, folder: Path, values: dict[str, Any] | None = None) -> dict[Key, dict[str, Any]]:
    write(helm_chart(manifest), folder / manifest.name)
    with helm_python.Chart.load(str(folder / manifest.name)) as chart:
        rendered = chart.render(values or {}, name=manifest.name, namespace=manifest.namespace)
    texts = [text for path, text in rendered.items() if path.endswith(".yaml") and "/tests/" not in path]
    return keyed([obj for text in texts for obj in yaml.safe_load_all(text) if obj])


def test_install_file_has_every_object_of_the_default_overlay(manifest: OperatorManifest, tmp_path: Path) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed: it renders the kustomize tree")
    write(kustomize_tree(manifest), tmp_path)
    command = ["kubectl", "kustomize", str(tmp_path / "overlays/default")]
    rendered = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert keyed(list(yaml.safe_load_all(rendered))) == keyed(list(yaml.safe_load_all(install_yaml(manifest))))


def test_chart_renders_the_objects_of_the_install_file(manifest: OperatorManifest, tmp_path: Path) -> None:
    chart = render(manifest, tmp_path)
    installed = keyed(list(yaml.safe_load_all(install_yaml(manifest))))
    del installed["Namespace", None, manifest.namespace]  # helm makes it with --create-namespace
    crd = chart["CustomResourceDefinition", None, "websites.web.example.com"]
    assert crd["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
    assert chart == installed


def test_chart_with_every_switch_on_renders_the_whole_graph(manifest: OperatorManifest, tmp_path: Path) -> None:
    values = {"prometheus": {"enabled": True}, "networkPolicy": {"enabled": True}, "policy": {"enabled": True}}
    chart = render(manifest, tmp_path, values)
    assert set(chart) == set(keyed(flatten(build(manifest), without=["namespace"])))


def test_chart_values_reach_the_manager(manifest: OperatorManifest, tmp_path: Path) -> None:
    values = {"manager": {"replicas": 3, "nodeSelector": {"a": "b"}, "image": {"tag": "9"}}, "crd": {"enabled": False}}
    chart = render(manifest, tmp_path, values)
    spec = chart["Deployment", manifest.namespace, "website-operator-controller-manager"]["spec"]
    assert spec["replicas"] == 3
    assert spec["template"]["spec"]["nodeSelector"] == {"a": "b"}
    assert spec["template"]["spec"]["containers"][0]["image"] == "registry.example.com/website-operator:9"
    assert not [key for key in chart if key[0] == "CustomResourceDefinition"]


def test_webhooks_point_to_the_service_in_every_component(manifest: OperatorManifest) -> None:
    components = build(manifest)
    service = components["webhook"][0]
    for configuration in components["webhook"][1:]:
        (webhook,) = configuration["webhooks"]
        assert webhook["clientConfig"]["service"]["name"] == service["metadata"]["name"]
    (crd,) = components["crd"]
    assert crd["spec"]["conversion"]["webhook"]["clientConfig"]["service"]["path"] == "/convert"


def test_network_policy_opens_the_container_port_to_the_api_server(manifest: OperatorManifest) -> None:
    policy = next(p for p in build(manifest)["network-policy"] if p["metadata"]["name"].endswith("-webhook"))
    (ingress,) = policy["spec"]["ingress"]
    assert ingress == {"ports": [{"port": 9443, "protocol": "TCP"}]}


def test_cert_manager_replaces_the_operators_own_certificate(manifest: OperatorManifest) -> None:
    components = build(dataclasses.replace(manifest, certificates="cert-manager"))
    assert {obj["kind"] for obj in components["cert-manager"]} == {"Issuer", "Certificate"}
    assert not [obj for obj in components["rbac"] if obj["metadata"]["name"].endswith("-certificates")]
    for configuration in components["webhook"][1:]:
        assert "cert-manager.io/inject-ca-from" in configuration["metadata"]["annotations"]


def test_a_namespaced_operator_has_roles_in_its_namespaces_only(manifest: OperatorManifest) -> None:
    manifest = dataclasses.replace(manifest, watch_namespaces=["a", "b"])
    rbac = build(manifest)["rbac"]
    managers = [obj for obj in rbac if obj["metadata"]["name"] == "website-operator-manager"]
    assert [(obj["kind"], obj["metadata"]["namespace"]) for obj in managers] == [
        ("Role", "a"), ("RoleBinding", "a"), ("Role", "b"), ("RoleBinding", "b"),
    ]  # fmt: skip


def test_an_operator_without_webhooks_serves_none(manifest: OperatorManifest) -> None:
    crd = dict(manifest.crds[0])
    crd["spec"] = {key: value for key, value in crd["spec"].items() if key != "conversion"}
    components = build(dataclasses.replace(manifest, webhooks=[], crds=[crd]))
    assert "webhook" not in components
    container = components["manager"][0]["spec"]["template"]["spec"]["containers"][0]
    assert [port["name"] for port in container["ports"]] == ["health", "metrics"]


@pytest.mark.parametrize(
    ("field", "value"), [("name", "Website"), ("version", "v1"), ("image", "a b"), ("name", "x" * 46)]
)
def test_an_unusable_manifest_names_the_field(manifest: OperatorManifest, field: str, value: str) -> None:
    with pytest.raises(ManifestError, match=field):
        dataclasses.replace(manifest, **{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("registry:5000/a/b:1.0", ("registry:5000/a/b", "1.0")),
        ("registry:5000/a/b", ("registry:5000/a/b", "")),
        ("a@sha256:" + "0" * 64, ("a@sha256:" + "0" * 64, "")),
    ],
)
def test_an_image_is_split_at_its_tag(image: str, parts: tuple[str, str]) -> None:
    assert split_image(image) == parts
