"""Random valid custom resources for property tests, and the property that conversions must have.

A resource class goes in; out comes a hypothesis strategy for objects that the API server would accept, drawn from the
schema, constraints and CEL rules included.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any, TypeVar

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from kubewright.objects import Duration, Object, format_time, from_dict, to_dict
from kubewright.schema import Resource
from kubewright.schema.builtin_types import QUANTITY
from kubewright.schema.crd import resource_schema
from kubewright.schema.structural import compile_schema
from kubewright.schema.types import SchemaBuilder
from kubewright.webhook.conversion import Conversions

R = TypeVar("R", bound=Resource[Any, Any])

Schema = Mapping[str, Any]

_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)
_NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
_QUANTITIES = st.sampled_from(["0", "1", "100m", "250m", "1500", "64Mi", "1Gi", "10G"])
_DURATION = {"type": "string", "pattern": "^([1-9][0-9]{0,3}(h|m|s|ms)){1,2}$"}
_FORMATS: dict[str, st.SearchStrategy[Any]] = {
    "date-time": st.datetimes(timezones=st.just(UTC)).map(format_time),
    "date": st.dates().map(str),
    "byte": st.sampled_from(["", "aGVsbG8=", "AAEC"]),
    "uuid": st.uuids().map(str),
    "ipv4": st.ip_addresses(v=4).map(str),
    "ipv6": st.ip_addresses(v=6).map(str),
    "hostname": _NAMES,
    "email": _NAMES.map("{}@example.com".format),
    "uri": _NAMES.map("https://example.com/{}".format),
}
_JSON = st.recursive(
    st.booleans() | st.integers(-(2**31), 2**31) | _TEXT, lambda inner: st.dictionaries(_NAMES, inner, max_size=3)
)


def objects_of(cls: type[R]) -> st.SearchStrategy[R]:
    """Valid objects of a resource class, with a name and, where there can be one, a namespace.

    :raises SchemaError: the class can't be expressed.
    """
    schema = resource_schema(cls, SchemaBuilder(scalars={Duration: _DURATION}))
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
    return valid.map(lambda obj: _read(cls, obj))


def _read(cls: type[R], obj: dict[str, Any]) -> R:
    try:
        return from_dict(cls, obj)
    except ValueError:  # the validators of a pydantic model admit less than the schema
        reject()


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
        quantity = schema.get("pattern") == QUANTITY["pattern"]
        return _QUANTITIES if quantity else _integers({"minimum": 0, "format": "int32", **schema}) | _strings(schema)
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
    branches = schema.get("oneOf", ())
    if branches and all("properties" in branch for branch in branches):
        return st.one_of(*(_members(_of_branch(schema, branch)) for branch in branches))
    return _members(schema)


def _of_branch(schema: Schema, branch: Schema) -> dict[str, Any]:
    """The schema of one class of a tagged union."""
    foreign = {name for one in (branch.get("not") or {}).get("anyOf", ()) for name in one.get("required", ())}
    own = {name: field for name, field in schema.get("properties", {}).items() if name not in foreign}
    properties = {name: {**field, **branch["properties"].get(name, {})} for name, field in own.items()}
    return {"properties": properties, "required": [*schema.get("required", ()), *branch.get("required", ())]}


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
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
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
