"""Warnings of pods and of the templates of workloads."""

from __future__ import annotations

import pytest
from tests.apiserver.registry.builtin.world import pod, strategy

from kubewright.apiserver.registry.builtin.pod_warnings import pod_warnings
from kubewright.apiserver.registry.strategy import Object


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"nodeSelector": {"beta.kubernetes.io/os": "linux"}},
         'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'),
        ({"topologySpreadConstraints": [{"topologyKey": "z"}]},
         "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod"),
        ({"imagePullSecrets": [{"name": "a"}, {"name": "a"}]}, 'spec.imagePullSecrets[1].name: duplicate name "a"'),
        ({"containers": [{"name": "c", "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}]},
         'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'),
        ({"containers": [{"ports": [{"containerPort": 80}, {"containerPort": 80}]}]},
         "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"),
    ],
)  # fmt: skip
def test_a_pod_is_warned_of(spec: Object, text: str) -> None:
    assert pod_warnings({}, spec) == [text]


def test_workloads_are_warned_of_names_that_are_no_labels_and_of_templates_that_change() -> None:
    deployments = strategy("apps/v1", "Deployment")
    template = pod(terminationGracePeriodSeconds=-1)
    new = {"metadata": {"name": "a.b"}, "spec": {"template": template}}
    name, grace = deployments.warnings(new, None)
    assert name.startswith("metadata.name: this is used in Pod names and hostnames, which can result in surprising")
    assert grace.startswith("spec.template.spec.terminationGracePeriodSeconds: must be >= 0")
    assert deployments.warnings(new, new) == []
