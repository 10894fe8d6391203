"""Printer columns, scale paths and selectable fields find what Kubernetes' JSONPath finds."""

from __future__ import annotations

from typing import Any

import pytest

from kubewright.apiserver.registry.jsonpath import JSONPath, JSONPathError

OBJECT = {
    "spec": {"size": 3, "hosts": ["x", "y", "z"], "a.b": 1, "flag": False},
    "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False", "n": 2}]},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.size", [3]),
        ("{.spec.size}", [3]),
        ("$.spec.size", [3]),
        (".spec.hosts[*]", ["x", "y", "z"]),
        (".spec.hosts[1]", ["y"]),
        (".spec.hosts[-1]", ["z"]),
        (".spec.hosts[9]", []),
        (".spec.hosts[0:2]", ["x", "y"]),
        (r".spec.a\.b", [1]),
        (".spec['a.b']", [1]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        (".status.conditions[?(@.n>1)].type", ["Other"]),
        (".status.conditions[?(@.n)].type", ["Other"]),
        ("..status", [OBJECT["status"], "True", "False"]),
        (".spec.flag", [False]),
        (".nothing.here", []),
        (".spec.size.more", []),
    ],
)
def test_a_path_finds(path: str, found: list[Any]) -> None:
    assert list(JSONPath(path).find(OBJECT)) == found


@pytest.mark.parametrize("path", ["", "spec", ".spec[", ".spec[?(x)]", ".spec[?(@.a==b)]", ". spec"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(JSONPathError):
        JSONPath(path)
