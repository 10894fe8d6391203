from typing import Any

import yaml

from kubewright.helm.permissions import needs_of
from kubewright.manager import Need

HAVE = ("get", "list", "watch", "create", "patch", "delete")


Plain = tuple[str, str, tuple[str, ...], bool, str]


def needs(text: str, definitions: list[dict[str, Any]] | None = None) -> set[Plain]:
    objects = [one for one in yaml.safe_load_all(text) if one]
    return {plain(need) for need in needs_of(objects, definitions or [], "web") if need.why != "keeping releases"}


def plain(need: Need) -> Plain:
    return need.group, need.resource, need.verbs, need.namespaced, need.name


def test_every_kind_that_is_rendered_has_to_be_had() -> None:
    text = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: a}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: a}
"""
    assert needs(text) == {
        ("networking.k8s.io", "ingresses", HAVE, True, ""),
        ("storage.k8s.io", "storageclasses", HAVE, False, ""),
        ("monitoring.coreos.com", "servicemonitors", HAVE, True, ""),
    }


def test_who_grants_must_have_what_is_granted() -> None:
    text = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: a}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
"""
    found = needs(text)
    assert ("", "pods", ("get",), True, "") in found
    assert ("rbac.authorization.k8s.io", "clusterroles", ("bind",), False, "view") in found


def test_kinds_of_the_chart_s_own_definitions_are_called_as_these_say() -> None:
    spec = {"group": "example.com", "names": {"kind": "Mouse", "plural": "mice"}, "scope": "Cluster"}
    found = needs("{apiVersion: example.com/v1, kind: Mouse, metadata: {name: a}}", [{"spec": spec}])
    assert ("example.com", "mice", HAVE, False, "") in found
    assert any(resource == "customresourcedefinitions" for _, resource, *_ in found)
