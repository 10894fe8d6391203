"""Models written from a definition give that definition back."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubewright.objects import from_dict, to_dict
from kubewright.schema.builtin_types import QUANTITY
from kubewright.schema.crd import crd
from kubewright.schema.models import models

GOLDENS = sorted((Path(__file__).parent / "goldens").glob("*.yaml"))


def load(text: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path.write_text(text)
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, path.stem, module)
    exec(compile(text, path, "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda path: str(path.stem))
def test_the_models_publish_the_definition_they_come_from(
    golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = yaml.safe_load(golden.read_text())
    module = load(models(definition), tmp_path / f"models_{golden.stem}.py", monkeypatch)
    definition["spec"]["versions"] = [version for version in definition["spec"]["versions"] if version["served"]]
    classes = [one for one in vars(module).values() if isinstance(one, type) and hasattr(one, "definition")]
    made = to_dict(crd(*classes))
    if golden.stem == "cronjob":
        definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["required"] = ["schedule"]
    assert made == definition


def definition(spec: dict[str, Any], *, kind: str = "Thing", **version: Any) -> dict[str, Any]:
    root = {"type": "object", "properties": {"spec": spec, "status": {"type": "object", "properties": {}}}}
    return {
        "spec": {
            "group": "example.com",
            "names": {"kind": kind, "plural": "things"},
            "scope": "Cluster",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": root},
                    **version,
                }
            ],
        }
    }


def test_names_that_python_reserves_are_kept_in_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = {
        "type": "object",
        "description": 'The "spec".',
        "properties": {
            "from": {"type": "string", "description": "Where from."},
            "clusterIPs": {"type": "array", "items": {"type": "string", "minLength": 1}},
            "x-odd": {"type": "number", "default": 0.5},
            "either": {
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
            },
            "any": {"x-kubernetes-preserve-unknown-fields": True},
            "nested": {
                "type": "object",
                "default": {},
                "properties": {"level": {"type": "integer", "default": 3, "minimum": 1, "exclusiveMinimum": True}},
                "x-kubernetes-validations": [{"rule": "!has(self.level) || self.level < 9", "message": "too deep"}],
            },
        },
    }
    text = models(definition(spec))
    module = load(text, tmp_path / "models_names.py", monkeypatch)
    thing = from_dict(
        module.Thing,
        {"spec": {"from": "a", "clusterIPs": ["b"], "x-odd": 1.5, "any": {"x": 1}, "nested": {"level": 2}}},
    )
    assert (thing.spec.from_, thing.spec.cluster_ips, thing.spec.x_odd) == ("a", ["b"], 1.5)
    made = to_dict(crd(module.Thing))["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert made["properties"]["spec"] == spec


def published(made: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The version that the models of a definition publish."""
    number = len(list(tmp_path.iterdir()))  # sources are read once
    module = load(models(made), tmp_path / f"models_{number}.py", monkeypatch)
    (cls,) = (one for one in vars(module).values() if isinstance(one, type) and "definition" in vars(one))
    version: dict[str, Any] = to_dict(crd(cls))["spec"]["versions"][0]
    return version


STRING = {"type": "string"}
PODS = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}]
RULES = [{"rule": "true", "message": 'it\'s "so"'}, {"rule": "self == self", "reason": "FieldValueForbidden"}]


@pytest.mark.parametrize(
    "field",
    [
        {"type": "object", "properties": {"a": STRING}, "title": "T", "externalDocs": {"url": "https://example.com"}},
        {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "default": {}},
        {"type": "object", "additionalProperties": STRING, "x-kubernetes-preserve-unknown-fields": True},
        {"type": "object", "additionalProperties": True},
        {"x-kubernetes-preserve-unknown-fields": True, "properties": {"a": STRING}},
        {"type": "array", "items": {"type": "string", "default": "x"}, "default": []},
        {"type": "array", "items": {"type": "object", "properties": {"a": STRING}, "default": {}}},
        {"type": "array", "items": {"type": "object", "additionalProperties": QUANTITY}, "default": [{}]},
        {"type": "array", "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}, "default": PODS},
        {
            "type": "array",
            "items": {"type": "array", "items": STRING, "x-kubernetes-list-type": "atomic"},
            "x-kubernetes-list-type": "set",
        },
        {
            "type": "object",
            "properties": {"a": STRING, "fromDict": STRING, "b": {"type": "object", "default": {}}},
            "required": ["a"],
            "default": {"a": "x"},
        },
        {**QUANTITY, "default": 1},
        {"x-kubernetes-int-or-string": True, "x-kubernetes-validations": RULES, "default": 1},
        {**QUANTITY, "minimum": 1},
        {"type": "string", "description": "A list:\n  - one\n  - two"},
        {"type": "string", "description": "a\tb\r\n  c \n"},
    ],
    ids=str,
)
def test_whatever_a_field_says_is_said_again(
    field: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = {"type": "object", "properties": {"field": field}}
    made = published(definition(spec), tmp_path, monkeypatch)
    assert made["schema"]["openAPIV3Schema"]["properties"]["spec"] == spec


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "minProperties": 1},
        {"type": "object", "additionalProperties": STRING, "x-kubernetes-map-type": "atomic", "nullable": True},
        {"type": "number", "format": "double", "default": 0.5},
        {"type": "object", "properties": {"a": {"type": "string", "default": "x"}}, "default": {}, "title": "T"},
    ],
    ids=str,
)
def test_a_spec_need_be_no_struct(spec: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = published(definition(spec), tmp_path, monkeypatch)
    assert made["schema"]["openAPIV3Schema"]["properties"]["spec"] == spec


@pytest.mark.parametrize(
    "status",
    [
        {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        {"type": "object", "properties": {"phase": STRING}, "default": {"phase": "Pending"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("apart", [True, False])
def test_a_status_may_be_anything_and_stay_in_the_object(
    status: dict[str, Any], apart: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = definition({"type": "object"})
    version = made["spec"]["versions"][0]
    version["schema"]["openAPIV3Schema"]["properties"]["status"] = status
    if apart:
        version["subresources"] = {"status": {}}
    again = published(made, tmp_path, monkeypatch)
    assert again["schema"]["openAPIV3Schema"]["properties"]["status"] == status
    assert ("subresources" in again) == apart


def test_a_status_subresource_needs_no_status_in_the_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = definition({"type": "object"}, subresources={"status": {}})
    root = made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    root |= {"properties": {}, "x-kubernetes-preserve-unknown-fields": True}
    again = published(made, tmp_path, monkeypatch)
    assert again["subresources"] == {"status": {}}
    assert again["schema"]["openAPIV3Schema"]["x-kubernetes-preserve-unknown-fields"] is True


@pytest.mark.parametrize("kind", ["Rule", "RawExtension", "None"])
def test_a_kind_named_like_what_the_module_uses_keeps_its_name(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    spec = {"type": "object", "properties": {"any": anything}, "x-kubernetes-validations": RULES}
    module = load(models(definition(spec, kind=kind)), tmp_path / "models_kind.py", monkeypatch)
    assert crd(vars(module)[f"{kind}2"]).spec.names.kind == kind


TEXTS = st.sampled_from(["One.", "A list:\n  - b\n", 'says "so"', "tab\there", " "])
ABOUT: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {}, optional={"description": TEXTS, "title": TEXTS, "nullable": st.just(True)}
)
SCALARS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "enum": ["", "a"], "default": "a"},
        {"type": "string", "format": "date-time"},
        {"type": "string", "pattern": r"^\d+$", "default": "1"},
        {"type": "integer", "format": "int32", "minimum": 0, "default": 0},
        {"type": "number", "multipleOf": 0.5},
        {"type": "boolean", "default": False},
        QUANTITY | {"default": "1024Mi"},
        {"x-kubernetes-int-or-string": True, "default": "1%"},
        {"x-kubernetes-preserve-unknown-fields": True, "default": [1]},
        {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True},
    ]
)
NAMES = st.sampled_from(["name", "podCIDR", "from", "spec", "Meta", "fromDict", "x-odd", "fooBar", "FooBar", "kind"])


@st.composite
def structs(draw: st.DrawFn, inner: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    properties = draw(st.dictionaries(NAMES, inner, max_size=4))
    required = sorted(draw(st.sets(st.sampled_from(sorted(properties))))) if properties else []
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        return schema | {"required": required}
    return schema | draw(st.sampled_from([{}, {"default": {}}]))


def larger(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    lists = inner.map(lambda items: {"type": "array", "items": items})
    maps = inner.map(lambda values: {"type": "object", "additionalProperties": values})
    return st.tuples(structs(inner) | lists | maps, ABOUT).map(lambda parts: parts[0] | parts[1])


SCHEMAS = st.recursive(st.tuples(SCALARS, ABOUT).map(lambda parts: parts[0] | parts[1]), larger, max_leaves=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(structs(SCHEMAS))
def test_any_schema_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: dict[str, Any]) -> None:
    made = published(definition(spec), tmp_path, monkeypatch)["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert without_empty(made) == without_empty(spec)


def without_empty(schema: Any) -> Any:
    """Less the properties of structs that have none, which says nothing."""
    if not isinstance(schema, dict):
        return schema
    return {key: without_empty(value) for key, value in schema.items() if (key, value) != ("properties", {})}
