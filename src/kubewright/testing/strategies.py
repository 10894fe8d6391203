"""Random valid custom resources for property tests, and the property that conversions must have.

A resource class goes in; out comes a hypothesis strategy for objects that the API server would accept, drawn from the
schema, constraints and CEL rules included.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubewright.objects import Object, format_time, from_dict, to_dict
from kubewright.schema import Resource
from kubewright.schema.crd import resource_schema
from kubewright.schema.structural import compile_schema
from kubewright.webhook.conversion import Conversions

R = TypeVar("R", bound=Resource[Any, Any])

Schema = Mapping[str, Any]

_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)
_NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
_QUANTITIES = st.sampled_from(["0", "1", "100m", "250m", "1500", "64Mi", "1Gi", "10G"])
_JSON = st.recursive(
    st.booleans() | st.integers(-(2**31), 2**31) | _TEXT, lambda inner: st.dictionaries(_NAMES, inner, max_size=3)
)


def objects_of(cls: type[R]) -> st.SearchStrategy[R]:
    """Valid objects of a resource class, with a name and, where there can be one, a namespace.

    :raises SchemaError: the class can't be expressed.
    """
    schema = resource_schema(cls)
    compiled = compile_schema(schema)
    fields = {
        name: field for name, field in schema["properties"].items() if name not in ("apiVersion", "kind", "metadata")
    }
    content = _members({**schema, "properties": fields})
    metadata = st.fixed_dictionaries({"name": _NAMES, **({"namespace": _NAMES} if cls.namespaced else {})})

    def whole(content: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
        return {"apiVersion": cls.gvk.api_version, "kind": cls.gvk.kind, "metadata": metadata, **content}

    def filled(obj: dict[str, Any]) -> dict[str, Any]:
        compiled.default(obj)
        return obj

    valid = st.builds(whole, content, metadata).map(filled).filter(lambda obj: not compiled.validate(obj))
    return valid.map(lambda obj: from_dict(cls, obj))


def assert_round_trips(
    conversions: Conversions, one: type[Resource[Any, Any]], other: type[Resource[Any, Any]], *, examples: int = 200
) -> None:
    """Convert random objects of each version into the other and back: nothing may be lost.

    :param examples: how many objects of each version are tried.
    :raises AssertionError: an object came back changed; hypothesis shows the smallest it found.
    """
    _assert_returns(conversions, one, other, examples)
    _assert_returns(conversions, other, one, examples)


def _assert_returns(conversions: Conversions, source: type[R], target: type[Object], examples: int) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(objects_of(source))
    def returns(obj: R) -> None:
        before = to_dict(obj)
        there = conversions.convert(before, target.gvk.api_version)
        back = conversions.convert(there, source.gvk.api_version)
        assert back == before, f"{before} became {there}, and came back as {back}"

    returns()


def _values(schema: Schema) -> st.SearchStrategy[Any]:
    made = _non_null(schema)
    return made | st.none() if schema.get("nullable") else made


def _non_null(schema: Schema) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from([value for value in schema["enum"] if value is not None])
    if schema.get("x-kubernetes-int-or-string"):
        return _QUANTITIES if "pattern" in schema else st.integers(0, 2**31 - 1) | _TEXT
    match schema.get("type"):
        case "object":
            return _objects(schema)
        case "array":
            return _lists(schema)
        case "string":
            return _strings(schema)
        case "integer":
            return _integers(schema)
        case "number":
            return st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
    return _JSON


def _objects(schema: Schema) -> st.SearchStrategy[Any]:
    values = schema.get("additionalProperties")
    if isinstance(values, Mapping):
        sizes = {
            "min_size": schema.get("minProperties", 0),
            "max_size": _most(schema, "minProperties", "maxProperties"),
        }
        return st.dictionaries(_NAMES, _values(values), **sizes)
    if "properties" not in schema and schema.get("x-kubernetes-preserve-unknown-fields"):
        return st.dictionaries(_NAMES, _JSON, max_size=3)
    return _members(schema)


def _members(schema: Schema) -> st.SearchStrategy[Any]:
    required = schema.get("required", ())
    fields = {name: _values(field) for name, field in (schema.get("properties") or {}).items()}
    return st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in required},
        optional={name: field for name, field in fields.items() if name not in required},
    )


def _lists(schema: Schema) -> st.SearchStrategy[Any]:
    items = _values(schema["items"])
    least, most = schema.get("minItems", 0), _most(schema, "minItems", "maxItems")
    keys = schema.get("x-kubernetes-list-map-keys")
    if keys:
        defaults = {key: schema["items"]["properties"][key].get("default") for key in keys}
        return st.lists(
            items, min_size=least, max_size=most, unique_by=lambda item: tuple(item.get(k, defaults[k]) for k in keys)
        )
    return st.lists(items, min_size=least, max_size=most, unique=schema.get("x-kubernetes-list-type") == "set")


def _strings(schema: Schema) -> st.SearchStrategy[Any]:
    if schema.get("format") == "date-time":
        return st.datetimes(timezones=st.just(UTC)).map(format_time)
    if schema.get("format") == "byte":
        return st.sampled_from(["", "aGVsbG8=", "AAEC"])
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if "pattern" in schema:
        pattern = schema["pattern"]
        whole = pattern.startswith("^") and pattern.endswith("$")  # else Python's $ would admit a last newline
        matching = st.from_regex(pattern, fullmatch=whole)
        return matching.filter(lambda text: least <= len(text) and (most is None or len(text) <= most))
    return st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=least, max_size=most or least + 20
    )


def _integers(schema: Schema) -> st.SearchStrategy[Any]:
    bits = 31 if schema.get("format") == "int32" else 63
    least = max(schema.get("minimum", -(2**bits)), -(2**bits)) + bool(schema.get("exclusiveMinimum"))
    most = min(schema.get("maximum", 2**bits - 1), 2**bits - 1) - bool(schema.get("exclusiveMaximum"))
    step = schema.get("multipleOf", 1)
    return st.integers(-(-least // step), most // step).map(lambda number: number * step)


def _most(schema: Schema, least: str, most: str) -> int:
    """Few are enough to find what is wrong."""
    few = int(schema.get(least, 0)) + 3
    return min(few, int(schema.get(most, few)))
