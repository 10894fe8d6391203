"""Whatever a client sends, the engines answer with an API error or a result, never with a crash."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubewright.apiserver.apply import FieldManager
from kubewright.apiserver.patch import json_patch, merge_patch, strategic_merge
from kubewright.apiserver.registry.builtin import definition_name, definitions
from kubewright.objects.errors import APIError
from kubewright.objects.names import GroupVersionKind

POD = GroupVersionKind("", "v1", "Pod")
NODE = definitions()[definition_name(POD)]
BUSY = settings(max_examples=150, suppress_health_check=list(HealthCheck))

NAMES = st.sampled_from(
    ["metadata", "spec", "containers", "name", "env", "ports", "containerPort", "finalizers", "labels", "volumes",
     "$patch", "$retainKeys", "$setElementOrder/containers", "$deleteFromPrimitiveList/finalizers", "managedFields"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "replace", "delete", "merge"])
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=15
)
OBJECTS = st.dictionaries(NAMES, JSON, max_size=4)
POINTERS = st.lists(st.sampled_from(["metadata", "spec", "a", "0", "-1", "-", "~0", "~1", "~", ""]), max_size=3)
OPERATIONS = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "x"])},
        optional={
            "path": POINTERS.map(lambda steps: "".join(f"/{step}" for step in steps)),
            "from": POINTERS.map(lambda steps: "".join(f"/{step}" for step in steps)),
            "value": JSON,
        },
    ),
    max_size=4,
)


def copy(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


@BUSY
@given(OBJECTS, OPERATIONS | JSON)
def test_json_patch(document: Any, operations: Any) -> None:
    with contextlib.suppress(APIError):
        msgspec.json.encode(json_patch(copy(document), operations))


@BUSY
@given(OBJECTS, JSON)
def test_merge_patch(document: Any, patch: Any) -> None:
    with contextlib.suppress(APIError):
        merge_patch(copy(document), patch)


@BUSY
@given(OBJECTS, JSON)
def test_strategic_merge(document: Any, patch: Any) -> None:
    with contextlib.suppress(APIError):
        strategic_merge(copy(document), patch, NODE)


@BUSY
@given(OBJECTS, OBJECTS, OBJECTS)
def test_apply(first: Any, second: Any, update: Any) -> None:
    fields = FieldManager(NODE, POD)

    def named(obj: Any) -> Any:
        metadata = obj.get("metadata")
        named = {**(metadata if isinstance(metadata, dict) else {}), "name": "a"}
        return copy({**obj, "apiVersion": "v1", "kind": "Pod", "metadata": named})

    with contextlib.suppress(APIError):
        live = fields.apply(None, named(first), manager="one", force=False, now="t1")
        new = fields.apply(live, named(second), manager="two", force=True, now="t2")
        assert fields.apply(new, named(second), manager="two", force=False, now="t3") is new
        changed = named(update)
        changed["metadata"].pop("managedFields", None)  # Decoding has made it a list of objects by then.
        fields.record_update(new, changed, manager="three", now="t4")
