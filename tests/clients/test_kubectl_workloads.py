"""kubectl on what runs: rollouts, scaling, exposing, deleting with and without dependents."""

from __future__ import annotations

import json

import pytest
from tests.clients.kubectl import Kubectl

pytestmark = pytest.mark.kubectl

PATIENCE = "--timeout=30s"


def image(kubectl: Kubectl) -> str:
    return kubectl("get", "deploy/web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")


def test_a_deployment_is_rolled_out_changed_and_undone(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=nginx:1.27", "--replicas=2")
    assert "successfully rolled out" in kubectl("rollout", "status", "deploy/web", PATIENCE)
    assert kubectl("set", "image", "deploy/web", "nginx=nginx:1.28") == "deployment.apps/web image updated\n"
    kubectl("rollout", "status", "deploy/web", PATIENCE)
    history = kubectl("rollout", "history", "deploy/web").split()
    assert history[-4:] == ["1", "<none>", "2", "<none>"]
    assert "Image:\tnginx:1.27" in kubectl("rollout", "history", "deploy/web", "--revision=1")
    assert kubectl("rollout", "undo", "deploy/web") == "deployment.apps/web rolled back\n"
    assert image(kubectl) == "nginx:1.27"
    assert kubectl("rollout", "restart", "deploy/web") == "deployment.apps/web restarted\n"
    kubectl("rollout", "status", "deploy/web", PATIENCE)
    assert kubectl("rollout", "pause", "deploy/web") == "deployment.apps/web paused\n"
    assert kubectl("rollout", "resume", "deploy/web") == "deployment.apps/web resumed\n"


def test_a_deployment_is_scaled_and_gets_an_autoscaler(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=nginx")
    assert kubectl("scale", "deploy/web", "--replicas=3") == "deployment.apps/web scaled\n"
    kubectl("wait", "deploy/web", "--for=jsonpath={.status.readyReplicas}=3", PATIENCE)
    assert kubectl("get", "deploy", "web", "--no-headers").split()[:4] == ["web", "3/3", "3", "3"]
    assert len(kubectl("get", "pods", "-l", "app=web", "-o", "name").split()) == 3
    assert "autoscaled" in kubectl("autoscale", "deploy/web", "--min=2", "--max=9", "--cpu-percent=50")
    assert kubectl("get", "hpa", "web", "-o", "jsonpath={.spec.minReplicas} {.spec.maxReplicas}") == "2 9"


def test_a_deployment_is_exposed_and_described(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=nginx", "--port=8080")
    kubectl("rollout", "status", "deploy/web", PATIENCE)
    assert kubectl("expose", "deploy/web", "--port=80", "--target-port=8080") == "service/web exposed\n"
    kubectl("wait", "endpoints/web", "--for=jsonpath={.subsets[0].ports[0].port}=8080", PATIENCE)
    description = kubectl("describe", "service", "web")
    assert "TargetPort:" in description and ":8080" in description
    description = kubectl("describe", "deployment", "web")
    assert "1 desired | 1 updated | 1 total | 1 available" in description
    assert "Image:         nginx" in description
    assert "Ready                       True" in kubectl("describe", "pods", "-l", "app=web")
    shown = kubectl("get", "all", "-o", "name").split()
    assert {name.split("/")[0] for name in shown} == {"pod", "service", "deployment.apps", "replicaset.apps"}


@pytest.mark.parametrize("cascade", ["background", "foreground"])
def test_dependents_go_with_their_owner(kubectl: Kubectl, cascade: str) -> None:
    kubectl("create", "deployment", "web", "--image=nginx")
    kubectl("rollout", "status", "deploy/web", PATIENCE)
    kubectl("delete", "deploy/web", f"--cascade={cascade}", PATIENCE)
    kubectl("wait", "pods,replicasets", "-l", "app=web", "--for=delete", PATIENCE)


def test_orphans_stay_behind(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=nginx")
    kubectl("rollout", "status", "deploy/web", PATIENCE)
    kubectl("delete", "deploy/web", "--cascade=orphan", PATIENCE)
    (left,) = kubectl.json("get", "replicasets", "-l", "app=web")["items"]
    assert not left["metadata"].get("ownerReferences")
    assert len(kubectl("get", "pods", "-l", "app=web", "-o", "name").split()) == 1


def test_a_pod_runs_is_evicted_and_has_no_logs(kubectl: Kubectl) -> None:
    kubectl("run", "one", "--image=busybox", "--labels=app=one")
    kubectl("wait", "pod/one", "--for=condition=Ready", PATIENCE)
    assert kubectl("logs", "one") == ""
    assert "container x is not valid for pod one" in kubectl.fails("logs", "one", "-c", "x")
    assert 'pod "one" deleted' in kubectl("delete", "pod", "one", "--now")


def test_events_are_shown_by_their_object(kubectl: Kubectl) -> None:
    event = {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "type": "Warning", "reason": "Odd",
        "message": "seen", "lastTimestamp": "2026-01-01T00:00:00Z", "source": {"component": "test"},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": "one", "namespace": kubectl.namespace},
    }  # fmt: skip
    kubectl("create", "-f", "-", input=json.dumps(event))
    assert kubectl("get", "events", "--no-headers").split()[1:5] == ["Warning", "Odd", "pod/one", "seen"]
    assert "seen" in kubectl("events", "--for", "pod/one")
    assert "No events found" in kubectl("events", "--for", "pod/two")
