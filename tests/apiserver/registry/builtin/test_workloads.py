"""Deployments, sets, jobs and autoscalers."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.apiserver.registry.builtin.world import World, created, fields_and_reasons, problems, strategy

from kubewright.apiserver.registry.builtin.cron_schedule import cron_problem
from kubewright.apiserver.registry.strategy import Object

TEMPLATE: Object = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}


def workload(**spec: object) -> Object:
    return {"spec": {"selector": {"matchLabels": {"app": "a"}}, "template": copy.deepcopy(TEMPLATE), **spec}}


def test_a_deployment_is_defaulted() -> None:
    spec = created("apps/v1", "Deployment", workload())["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    assert "enableServiceLinks" not in spec["template"]["spec"]


@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet", "ReplicaSet", "StatefulSet"])
def test_the_selector_has_to_match_the_template(kind: str) -> None:
    assert problems("apps/v1", kind, workload(selector={"matchLabels": {"app": "b"}})) == [
        ("spec.template.metadata.labels", "FieldValueInvalid")
    ]
    missing = problems("apps/v1", kind, workload(selector=None))
    # A DaemonSet without one is only told that nothing matches.
    assert (("spec.selector", "FieldValueRequired") in missing) == (kind != "DaemonSet")
    assert ("spec.template.metadata.labels", "FieldValueInvalid") in missing


@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet", "ReplicaSet"])
def test_the_selector_stays(kind: str) -> None:
    old = created("apps/v1", kind, workload())
    new = copy.deepcopy(old)
    new["spec"]["selector"]["matchLabels"]["x"] = new["spec"]["template"]["metadata"]["labels"]["x"] = "y"
    found = fields_and_reasons(strategy("apps/v1", kind).validate_update(new, old, World()))
    assert found == [("spec.selector", "FieldValueInvalid")]


def test_annotations_of_a_deployment_count_as_a_change() -> None:
    old = created("apps/v1", "Deployment", workload())
    old["metadata"]["generation"] = 3
    for notes, generation in (({}, 3), ({"a": "b"}, 4)):
        new = copy.deepcopy(old)
        new["metadata"] |= {"annotations": notes} if notes else {}
        strategy("apps/v1", "Deployment").prepare_for_update(new, old, World())
        assert new["metadata"]["generation"] == generation


def test_pods_of_workloads_are_always_restarted() -> None:
    body = workload()
    body["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    field = ("spec.template.spec.restartPolicy", "FieldValueNotSupported")
    assert problems("apps/v1", "Deployment", body) == [field]


def test_a_stateful_set_changes_in_few_ways() -> None:
    old = created("apps/v1", "StatefulSet", workload(serviceName="s"))
    allowed, refused = copy.deepcopy(old), copy.deepcopy(old)
    allowed["spec"]["replicas"] = 3
    refused["spec"]["serviceName"] = "t"
    rules = strategy("apps/v1", "StatefulSet")
    assert rules.validate_update(allowed, old, World()) == []
    assert fields_and_reasons(rules.validate_update(refused, old, World())) == [("spec", "FieldValueForbidden")]


def test_containers_may_mount_the_claims_of_their_set() -> None:
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    body = workload(volumeClaimTemplates=[claim])
    body["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/d"}]
    template = created("apps/v1", "StatefulSet", body)["spec"]["volumeClaimTemplates"][0]
    assert template["kind"] == "PersistentVolumeClaim"
    assert template["status"] == {"phase": "Pending"}


def test_a_daemon_set_counts_its_templates() -> None:
    rules = strategy("apps/v1", "DaemonSet")
    old = created("apps/v1", "DaemonSet", workload())
    new = copy.deepcopy(old)
    new["spec"]["template"]["spec"]["containers"][0]["image"] = "i:2"
    rules.prepare_for_update(new, old, World())
    assert new["metadata"]["annotations"] == {"deprecated.daemonset.template.generation": "2"}


def job(**spec: object) -> Object:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i:1"}]}}
    return {"metadata": {"name": "j"}, "spec": {"template": template, **spec}}


def test_a_job_selects_its_own_pods() -> None:
    obj = created("batch/v1", "Job", job())
    labels = obj["spec"]["template"]["metadata"]["labels"]
    assert obj["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "u-1"}}
    assert labels["batch.kubernetes.io/job-name"] == labels["job-name"] == "j"
    assert obj["metadata"]["labels"] == labels


def test_the_template_of_a_job_stays() -> None:
    old = created("batch/v1", "Job", job())
    new = copy.deepcopy(old)
    new["spec"]["template"]["spec"]["containers"][0]["image"] = "x"
    found = fields_and_reasons(strategy("batch/v1", "Job").validate_update(new, old, World()))
    assert found == [("spec.template", "FieldValueInvalid")]


@pytest.mark.parametrize("schedule", ["*/5 * * * *", "0 0 1 jan sun", "@hourly", "1-10/2,30 * * * 0-6", "@every 1h30m"])
def test_good_schedules(schedule: str) -> None:
    assert cron_problem(schedule) is None


@pytest.mark.parametrize(
    "schedule", ["every now and then", "* * * *", "60 * * * *", "5-1 * * * *", "*/0 * * * *", "@never"]
)
def test_bad_schedules(schedule: str) -> None:
    assert cron_problem(schedule) is not None


def autoscaler(**spec: object) -> Object:
    return {"spec": {"maxReplicas": 5, "scaleTargetRef": {"kind": "Deployment", "name": "d"}, **spec}}


def test_v1_autoscalers_are_stored_as_v2() -> None:
    rules = strategy("autoscaling/v1", "HorizontalPodAutoscaler")
    v1 = created("autoscaling/v1", "HorizontalPodAutoscaler", autoscaler(targetCPUUtilizationPercentage=70))
    v2 = rules.to_storage(v1)
    target = {"type": "Utilization", "averageUtilization": 70}
    assert v2["spec"]["metrics"] == [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    assert rules.from_storage(v2) == v1


def test_what_v1_cannot_say_survives_in_annotations() -> None:
    memory: Any = {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}},
    }
    v2 = created("autoscaling/v2", "HorizontalPodAutoscaler", autoscaler(metrics=[memory]))
    rules = strategy("autoscaling/v1", "HorizontalPodAutoscaler")
    v1 = rules.from_storage(v2)
    assert "autoscaling.alpha.kubernetes.io/metrics" in v1["metadata"]["annotations"]
    assert rules.to_storage(v1)["spec"]["metrics"] == [memory]


def test_events_have_two_names_for_each_field() -> None:
    event = {
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "n"}, "message": "m", "count": 2, "reason": "R",
    }  # fmt: skip
    core = created("v1", "Event", event)
    other = strategy("events.k8s.io/v1", "Event")
    view = other.from_storage(core)
    assert (view["regarding"]["name"], view["note"], view["deprecatedCount"]) == ("p", "m", 2)
    assert other.to_storage(view) == core
    assert other.fields(view)["regarding.kind"] == "Pod"


def test_defaults_replace_the_zeros_that_go_prints() -> None:
    level = {"type": "Limited", "limited": {"limitResponse": {"type": "Queue", "queuing": {}}}}
    obj = created("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration", {"spec": level})
    assert obj["spec"]["limited"]["nominalConcurrencyShares"] == 30
    queuing = obj["spec"]["limited"]["limitResponse"]["queuing"]
    assert queuing == {"queues": 64, "handSize": 8, "queueLengthLimit": 50}
    parameters = {"kind": "K", "name": "n"}
    ingress_class = created(
        "networking.k8s.io/v1", "IngressClass", {"spec": {"controller": "a.io/b", "parameters": parameters}}
    )
    assert ingress_class["spec"]["parameters"]["scope"] == "Cluster"


def test_fields_of_features_that_are_off_are_dropped() -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}}
    old = created("apps/v1", "StatefulSet", workload(serviceName="s", updateStrategy=rolling))
    assert old["spec"]["updateStrategy"]["rollingUpdate"] == {"partition": 0}
    sets = strategy("apps/v1", "StatefulSet")
    new = copy.deepcopy(old)
    new["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"] = 2
    sets.prepare_for_update(new, copy.deepcopy(new), World())
    assert new["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"] == 2
    sets.prepare_for_update(new, old, World())
    assert new["spec"]["updateStrategy"]["rollingUpdate"] == {"partition": 0}
    signals = {"stopSignal": "SIGTERM", "preStop": {"sleep": {"seconds": 1}}}
    containers = [{"name": "a", "image": "i", "lifecycle": {"stopSignal": "SIGTERM"}},
                  {"name": "b", "image": "i", "lifecycle": signals}]  # fmt: skip
    token = {"serviceAccountToken": {"path": "t", "expirationSeconds": 600}}
    sources = [{"clusterTrustBundle": {"path": "b"}}, {"podCertificate": {"signerName": "a.b/c"}}, token]
    spec = {
        "containers": containers,
        "schedulingGroup": {"podGroupName": "g"},
        "serviceAccountName": "s",
        "volumes": [{"name": "v", "projected": {"sources": sources}}],
    }
    spec = created("v1", "Pod", {"spec": spec})["spec"]
    assert "schedulingGroup" not in spec
    assert spec["volumes"][0]["projected"]["sources"] == [{}, {}, token]
    assert [container.get("lifecycle") for container in spec["containers"]] == [
        None,
        {"preStop": {"sleep": {"seconds": 1}}},
    ]
    field, drivers = "preventPodSchedulingIfMissing", strategy("storage.k8s.io/v1", "CSIDriver")
    driver = created("storage.k8s.io/v1", "CSIDriver", {"spec": {field: True}})
    assert field not in driver["spec"]
    changed = copy.deepcopy(driver)
    changed["spec"][field] = True
    drivers.prepare_for_update(changed, driver, World())
    assert field not in changed["spec"]


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet"])
def test_terminating_pods_are_counted_from_zero(kind: str) -> None:
    old, new = (created("apps/v1", kind, workload()) for _ in range(2))
    new["status"]["terminatingReplicas"] = -1
    causes = strategy("apps/v1", kind).validate_status_update(new, old, World())
    assert fields_and_reasons(causes) == [("status.terminatingReplicas", "FieldValueInvalid")]
