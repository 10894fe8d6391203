from pathlib import Path
from typing import Any

import yaml
from tests.helm.charts import CONFIG_MAP, hook, write_chart
from tests.helm.conftest import WEB, Runs

from kubewright.client import MetadataOnly
from kubewright.controller import Context, is_condition_true
from kubewright.helm import HelmOperator, HelmResource
from kubewright.helm.annotations import PREFIX
from kubewright.objects import ObjectMeta, Unstructured
from kubewright.objects.apps_v1 import Deployment
from kubewright.objects.core_v1 import ConfigMap, Namespace, Secret
from kubewright.objects.selectors import LabelSelector
from kubewright.testing import TestCluster

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec: {containers: [{name: a, image: nginx}]}
"""


async def test_a_resource_becomes_a_release_and_is_ready_when_all_in_it_is(running: Runs, tmp_path: Path) -> None:
    chart = write_chart(tmp_path, {"d.yaml": DEPLOYMENT}, values={"replicas": 2})
    async with running(chart) as web:
        await web.create()
        found = await web.until("Ready")
        made = await web.cluster.eventually(Deployment, "a")
    assert made.status.available_replicas == 2
    (owner,) = made.metadata.owner_references
    assert (owner.kind, owner.name, owner.controller) == ("Web", "a", True)
    assert made.metadata.labels["app.kubernetes.io/managed-by"] == "Helm"
    assert made.metadata.annotations["meta.helm.sh/release-name"] == "a"
    assert web.condition(found, "Deployed")[:2] == ("True", "InstallSuccessful")
    assert {one.type: one.status for one in found.status.conditions} == {
        "Initialized": "True", "Deployed": "True", "ReleaseFailed": "False", "Ready": "True",
    }  # fmt: skip
    assert found.status.deployed_release is not None
    assert found.status.deployed_release.chart == "web-0.1.0"


async def test_the_finalizer_is_there_before_anything_else(running: Runs, tmp_path: Path) -> None:
    seen: list[list[str]] = []

    async def look(obj: HelmResource, ctx: Context, values: dict[str, Any]) -> None:
        seen.append(obj.metadata.finalizers)
        assert await ctx.client.list(MetadataOnly(Secret), namespace="default") == []

    async with running(write_chart(tmp_path), before=[look]) as web:
        await web.create()
        await web.cluster.eventually(web.cls, "a", lambda found: seen)
    assert seen[0] == ["charts.example.com/web-operator"]


async def test_a_changed_spec_upgrades_and_what_left_the_chart_goes(running: Runs, tmp_path: Path) -> None:
    extra = "{{ if .Values.extra }}" + CONFIG_MAP.replace("name: {{ .Release.Name }}", "name: extra") + "{{ end }}"
    chart = write_chart(tmp_path, {"map.yaml": CONFIG_MAP, "extra.yaml": extra})
    async with running(chart) as web:
        await web.create(extra=True)
        await web.until("Ready")
        await web.change(spec={"extra": False, "message": "changed"})
        found = await web.until("Ready", revision=2)
        await web.cluster.gone(ConfigMap, "extra")
        await web.cluster.eventually(ConfigMap, "a", lambda found: found.data == {"message": "changed"})
    assert web.condition(found, "Deployed")[1] == "UpgradeSuccessful"


async def test_drift_is_put_right_and_makes_no_revision(running: Runs, tmp_path: Path) -> None:
    async with running(write_chart(tmp_path)) as web:
        await web.create()
        await web.until("Ready")
        client = web.cluster.client
        await client.patch(ConfigMap, "a", "default", merge={"data": {"message": "drifted", "other": "stays"}})
        await web.cluster.eventually(ConfigMap, "a", lambda found: found.data == {"message": "hello", "other": "stays"})
        await client.delete(ConfigMap, "a", "default")
        await web.cluster.eventually(ConfigMap, "a")
        await web.until("Ready", revision=1)


async def test_random_values_in_templates_do_not_make_a_release_restless(running: Runs, tmp_path: Path) -> None:
    chart = write_chart(tmp_path, {"m.yaml": CONFIG_MAP + "  password: {{ randAlphaNum 16 }}\n"})
    async with running(chart, reconcile_period=0.05) as web:
        await web.create()
        await web.until("Ready")
        first = await web.cluster.eventually(ConfigMap, "a")
        await web.change(metadata={"labels": {"a": "b"}})
        await web.change(metadata={"annotations": {PREFIX + "reconcile-period": "1m"}})
        await web.until("Ready", revision=1)
        again = await web.cluster.eventually(ConfigMap, "a")
    assert again.data == first.data


async def test_a_deleted_resource_leaves_nothing_but_what_is_to_be_kept(running: Runs, tmp_path: Path) -> None:
    kept = CONFIG_MAP.replace("name: {{ .Release.Name }}", "name: kept\n  annotations: {helm.sh/resource-policy: keep}")
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: made-by-a-chart\n"
    chart = write_chart(tmp_path, {"map.yaml": CONFIG_MAP, "kept.yaml": kept, "namespace.yaml": namespace})
    async with running(chart) as web:
        await web.create(annotations={PREFIX + "uninstall-wait": "true"})
        await web.until("Ready")
        await web.cluster.client.delete(web.cls, "a", "default")
        await web.cluster.gone(web.cls, "a")
        await web.cluster.gone(ConfigMap, "a")
        await web.cluster.gone(Namespace, "made-by-a-chart", namespace="")
        await web.cluster.eventually(ConfigMap, "kept")
        assert await web.cluster.client.list(MetadataOnly(Secret), namespace="default") == []


async def test_what_has_no_owner_reference_is_watched_all_the_same(running: Runs, tmp_path: Path) -> None:
    elsewhere = CONFIG_MAP.replace("name: {{ .Release.Name }}", "name: far\n  namespace: kube-public")
    async with running(write_chart(tmp_path, {"m.yaml": elsewhere})) as web:
        await web.create()
        await web.until("Ready")
        far = await web.cluster.eventually(ConfigMap, "far", namespace="kube-public")
        assert far.metadata.annotations["operator-sdk/primary-resource"] == "default/a"
        await web.cluster.client.delete(ConfigMap, "far", "kube-public")
        await web.cluster.eventually(ConfigMap, "far", namespace="kube-public")


async def test_overrides_and_functions_have_the_last_word_on_values(running: Runs, tmp_path: Path) -> None:
    def translate(obj: HelmResource) -> dict[str, Any]:
        return {"message": f"{obj.metadata.name} says {(obj.spec or {})['text']}", "x": 1}

    def shout(values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "message": f"{values['message']} {values['x']}!"}

    chart = write_chart(tmp_path)
    async with running(chart, translate=translate, map_values=shout, override_values={"x": 2}) as web:
        await web.create(text="hi")
        await web.cluster.eventually(ConfigMap, "a", lambda found: found.data == {"message": "a says hi 2!"})


async def test_a_paused_resource_is_left_alone(running: Runs, tmp_path: Path) -> None:
    async with running(write_chart(tmp_path), pause_annotation="example.com/pause") as web:
        await web.create(annotations={"example.com/pause": "true"})
        found = await web.until("Paused")
        assert [one.type for one in found.status.conditions] == ["Paused"]
        await web.change(metadata={"annotations": {"example.com/pause": None}})
        found = await web.until("Ready")
    assert "Paused" not in [one.type for one in found.status.conditions]


async def test_only_selected_resources_count(running: Runs, tmp_path: Path) -> None:
    async with running(write_chart(tmp_path), selector=LabelSelector.parse("tier=gold")) as web:
        await web.create("left-out")
        await web.create("chosen")
        await web.change("chosen", metadata={"labels": {"tier": "gold"}})
        await web.until("Ready", name="chosen")
        left_out = await web.cluster.eventually(web.cls, "left-out")
    assert left_out.metadata.finalizers == []


async def test_values_that_the_chart_refuses_are_a_condition(running: Runs, tmp_path: Path) -> None:
    chart = write_chart(tmp_path, {"m.yaml": CONFIG_MAP + '{{ if .Values.bad }}{{ fail "no bad values" }}{{ end }}'})
    async with running(chart) as web:
        await web.create(bad=True)
        found = await web.until("Irreconcilable")
        assert "no bad values" in web.condition(found, "Irreconcilable")[2]
        assert web.condition(found, "Ready")[:2] == ("False", "ReconcileError")
        await web.change(spec={"bad": None})
        await web.until("Irreconcilable", "False")


async def test_two_kinds_with_resources_of_one_name_are_told_apart(cluster: TestCluster, tmp_path: Path) -> None:
    operator = HelmOperator("web-operator")
    operator.chart(WEB, write_chart(tmp_path))
    other = operator.chart(WEB._replace(kind="Other"), write_chart(tmp_path / "two"))
    assert issubclass(other, HelmResource)
    content: dict[str, Any] = {"apiVersion": WEB.api_version, "metadata": {"name": "same", "namespace": "default"}}
    async with cluster.running(operator):
        await cluster.client.create(Unstructured({"kind": "Web", **content}))
        await cluster.eventually(ConfigMap, "same")
        await cluster.client.create(Unstructured({"kind": "Other", **content}))
        found = await cluster.eventually(
            other, "same", lambda found: is_condition_true(found.status.conditions, "Irreconcilable")
        )
    assert "release same belongs to Web same" in str(found.status.conditions)


async def test_an_object_of_somebody_else_is_not_taken_over(running: Runs, tmp_path: Path) -> None:
    async with running(write_chart(tmp_path)) as web:
        mine = ConfigMap(metadata=ObjectMeta(name="a", namespace="default"), data={"message": "mine"})
        await web.cluster.client.create(mine)
        await web.create()
        found = await web.until("ReleaseFailed", reason="InstallError")
        assert "ConfigMap a exists and belongs to no release a" in web.condition(found, "ReleaseFailed")[2]
        assert (await web.cluster.eventually(ConfigMap, "a")).data == {"message": "mine"}
        await web.cluster.client.delete(ConfigMap, "a", "default")
        await web.until("Ready")


async def test_finalizers_of_the_operator_before_are_taken_off(running: Runs, tmp_path: Path) -> None:
    async with running(write_chart(tmp_path)) as web:
        await web.create(annotations={"example.com/later": "true"})
        await web.until("Ready")
        legacy = ["charts.example.com/web-operator", "helm.sdk.operatorframework.io/uninstall-release"]
        await web.change(metadata={"finalizers": legacy}, spec={"message": "again"})
        await web.cluster.eventually(web.cls, "a", lambda found: found.metadata.finalizers == legacy[:1])


async def test_a_dry_run_says_what_would_be_done_and_does_nothing(running: Runs, tmp_path: Path) -> None:
    gone = CONFIG_MAP.replace("name: {{ .Release.Name }}", "name: gone")
    chart = write_chart(tmp_path, {"m.yaml": CONFIG_MAP, "gone.yaml": "{{ if .Values.extra }}" + gone + "{{ end }}"})
    async with running(chart) as web:
        await web.create(extra=True)
        await web.until("Ready")
        await web.change(
            metadata={"annotations": {PREFIX + "dry-run": "true"}}, spec={"extra": False, "message": "new"}
        )
        found = await web.cluster.eventually(web.cls, "a", lambda found: found.status.plan)
        assert [(one.action, one.object, one.fields) for one in found.status.plan] == [
            ("update", "ConfigMap a", ["data.message"]),
            ("delete", "ConfigMap gone", []),
        ]
        assert (await web.cluster.eventually(ConfigMap, "a")).data == {"message": "hello"}
        await web.change(metadata={"annotations": {PREFIX + "dry-run": None}})
        found = await web.until("Ready", revision=2)
    assert found.status.plan == []


async def test_definitions_in_a_chart_are_installed_once(running: Runs, tmp_path: Path) -> None:
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        },
    }
    thing = "apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: {{ .Release.Name }}\n"
    async with running(write_chart(tmp_path, {"t.yaml": thing}, crds={"crd.yaml": yaml.safe_dump(crd)})) as web:
        await web.create()
        found = await web.until("Ready")
    assert "all 1 objects are ready" in web.condition(found, "Ready")[2]


async def test_templates_see_the_cluster(running: Runs, tmp_path: Path) -> None:
    template = (
        CONFIG_MAP
        + """\
  kube: {{ .Capabilities.KubeVersion.Version }}
  webs: {{ .Capabilities.APIVersions.Has "charts.example.com/v1alpha1/Web" | quote }}
  found: {{ (lookup "v1" "Namespace" "" "default").metadata.name }}
  missing: {{ lookup "v1" "Secret" "default" "nobody" | toJson | quote }}
"""
    )
    async with running(write_chart(tmp_path, {"m.yaml": template})) as web:
        await web.create()
        await web.until("Ready")
        made = await web.cluster.eventually(ConfigMap, "a")
    assert (made.data["webs"], made.data["found"], made.data["missing"]) == ("true", "default", "{}")
    assert "kubewright" in made.data["kube"]


async def test_hooks_may_be_disabled(running: Runs, tmp_path: Path) -> None:
    chart = write_chart(tmp_path, {"m.yaml": CONFIG_MAP, "h.yaml": hook("h", "pre-install", kind="ConfigMap")})
    async with running(chart) as web:
        await web.create(annotations={PREFIX + "install-disable-hooks": "true"})
        await web.until("Ready")
        assert [one.metadata.name for one in await web.cluster.client.list(ConfigMap, namespace="default")] == [
            "a", "kube-root-ca.crt",
        ]  # fmt: skip


async def test_a_paused_resource_is_not_uninstalled_either(running: Runs, tmp_path: Path) -> None:
    async with running(write_chart(tmp_path), reconcile_period=0.1) as web:
        await web.create()
        await web.until("Ready")
        await web.change(metadata={"annotations": {PREFIX + "paused": "true"}})
        await web.until("Paused")
        await web.cluster.client.delete(web.cls, "a", "default")
        await web.cluster.eventually(web.cls, "a", lambda found: found.metadata.deletion_timestamp)
        await web.cluster.eventually(ConfigMap, "a")
        await web.change(metadata={"annotations": {PREFIX + "paused": None}})
        await web.cluster.gone(web.cls, "a")


async def test_names_that_helm_would_refuse_are_said_to_be_too_long(running: Runs, tmp_path: Path) -> None:
    async with running(write_chart(tmp_path)) as web:
        await web.create("a" * 54)
        found = await web.until("Irreconcilable", name="a" * 54)
    assert "at most 53 characters" in web.condition(found, "Irreconcilable")[2]
