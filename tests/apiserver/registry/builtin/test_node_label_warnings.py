"""Labels of nodes that have newer names are told of wherever nodes are chosen."""

from __future__ import annotations

import pytest
from tests.apiserver.registry.builtin.world import strategy

from kubewright.apiserver.registry.builtin.node_label_warnings import node_selector_warnings, node_term_warnings
from kubewright.apiserver.registry.strategy import Object

ZONE = "failure-domain.beta.kubernetes.io/zone"
TEXT = 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'


def test_expressions_name_the_key_and_labels_are_their_own_place() -> None:
    selector = {"matchExpressions": [{"key": ZONE, "operator": "Exists"}], "matchLabels": {ZONE: "a", "other": "b"}}
    assert node_selector_warnings(selector, "at") == [
        f"at.matchExpressions[0].key: {ZONE} is {TEXT}",
        f"at.matchLabels.{ZONE}: {TEXT}",
    ]


def test_values_that_no_label_can_have_are_told_of_where_asked_for() -> None:
    term = {"matchExpressions": [{"key": "a", "operator": "In", "values": ["-"]}]}
    assert node_term_warnings(term, "at") == []
    (text,) = node_term_warnings(term, "at", values=True)
    assert text.startswith("at.matchExpressions[0].values[0]: - is invalid, a valid label must be")


@pytest.mark.parametrize(
    ("version", "kind", "body", "text"),
    [
        ("node.k8s.io/v1", "RuntimeClass", {"scheduling": {"nodeSelector": {"node-role.kubernetes.io/master": ""}}},
         'scheduling.nodeSelector: use "node-role.kubernetes.io/control-plane" instead'),
        ("storage.k8s.io/v1", "StorageClass", {"allowedTopologies": [{"matchLabelExpressions": [{"key": ZONE}]}]},
         f"allowedTopologies[0].matchLabelExpressions[0].key: {TEXT}"),
        ("storage.k8s.io/v1", "CSIStorageCapacity", {"nodeTopology": {"matchLabels": {ZONE: "a"}}},
         f"nodeTopology.matchLabels.{ZONE}: {TEXT}"),
    ],
)  # fmt: skip
def test_kinds_that_choose_nodes(version: str, kind: str, body: Object, text: str) -> None:
    assert strategy(version, kind).warnings({"metadata": {"name": "a"}, **body}, None) == [text]
