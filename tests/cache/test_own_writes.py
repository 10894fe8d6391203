from typing import Any, Literal

import msgspec
import pytest

from kubewright.cache.own_writes import outcome_of
from kubewright.client import Write
from kubewright.objects.names import GroupVersionResource, ObjectKey

GOING = {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 0}


def gone(verb: Literal["patch", "delete"], metadata: dict[str, Any], **fields: Any) -> bool:
    answer = msgspec.json.encode({"kind": "ConfigMap", "metadata": {"uid": "1", **metadata}, **fields})
    return outcome_of(Write(verb, GroupVersionResource("", "v1", "x"), ObjectKey("n", "a"), answer)).gone


@pytest.mark.parametrize(
    ("verb", "metadata", "expected"),
    [
        ("patch", {}, False),
        ("delete", {}, True),
        ("delete", GOING | {"finalizers": ["a"]}, False),
        ("delete", GOING | {"deletionGracePeriodSeconds": 30}, False),
        ("patch", GOING | {"finalizers": ["a"]}, False),
        ("patch", GOING, True),
    ],
)
def test_an_object_is_gone_when_nothing_holds_it(
    verb: Literal["patch", "delete"], metadata: dict[str, Any], expected: bool
) -> None:
    assert gone(verb, metadata) == expected


def test_a_status_says_that_it_is_gone() -> None:
    assert gone("delete", {}, kind="Status", details={"uid": "1"})


def test_a_namespace_is_held_by_its_spec() -> None:
    assert not gone("patch", GOING, kind="Namespace", spec={"finalizers": ["kubernetes"]})
    assert gone("patch", GOING, kind="Namespace", spec={})
