from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kubewright.client.parameters import Labels, delete_options, patch_body, selector_text
from kubewright.objects.selectors import LabelSelector


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        (None, ""),
        ("app=web,tier!=test", "app=web,tier!=test"),
        ({"app": "web", "tier": "front"}, "app=web,tier=front"),
        (LabelSelector.parse("app in (a,b)"), "app in (a,b)"),
    ],
)
def test_selectors_are_written_as_a_query_has_them(selector: Labels, text: str) -> None:
    assert selector_text(selector) == text


@pytest.mark.parametrize(
    ("patches", "content_type"),
    [
        (({"a": None}, None, None), "application/merge-patch+json"),
        ((None, {"a": None}, None), "application/strategic-merge-patch+json"),
        ((None, None, []), "application/json-patch+json"),
    ],
)
def test_the_sort_of_a_patch_is_its_content_type(patches: tuple[Any, Any, Any], content_type: str) -> None:
    assert patch_body(*patches)[0] == content_type


@pytest.mark.parametrize("patches", [(None, None, None), ({}, {}, None)])
def test_a_patch_is_of_exactly_one_sort(patches: tuple[Any, Any, Any]) -> None:
    with pytest.raises(TypeError, match="exactly one"):
        patch_body(*patches)


def test_a_deletion_has_a_body_only_if_it_says_something() -> None:
    assert delete_options(None, None, None, None) is None
    body = delete_options("Orphan", 0, "u1", None)
    assert body is not None
    assert msgspec.json.decode(body) == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Orphan",
        "gracePeriodSeconds": 0,
        "preconditions": {"uid": "u1"},
    }
