"""Custom resources: what a CustomResourceDefinition says, as resources that are served like the built-in ones.

A CRD object comes in; one `Resource` for each served version goes out, whose strategy prunes, defaults and validates
by the compiled schema, prints the CRD's columns and selects by its fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import msgspec

from kubewright.apiserver.discovery import version_priority
from kubewright.apiserver.registry import nested
from kubewright.apiserver.registry.builtin.base import human_duration
from kubewright.apiserver.registry.builtin.definitions import definitions
from kubewright.apiserver.registry.builtin.shape import struct_codec
from kubewright.apiserver.registry.deletion import FOREGROUND, ORPHAN
from kubewright.apiserver.registry.jsonpath import JSONPath, JSONPathError
from kubewright.apiserver.registry.metadata_rules import (
    dns_subdomain,
    path_segment,
    validate_metadata,
    validate_metadata_update,
)
from kubewright.apiserver.registry.resource import Converter, Resource, Subresource
from kubewright.apiserver.registry.strategy import Column, DecodeError, Object, Reader, Strategy, Tolerated
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import invalid
from kubewright.objects.names import GroupVersionKind
from kubewright.schema.node import MISSING, Node
from kubewright.schema.structural import CompiledSchema, compile_schema

OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

Cell = Callable[[Any], Any]
"""Makes a cell of what a column's path leads to, or of ``MISSING``."""

_NAME_COLUMN = Column("Name", "string", "name", "Name must be unique within a namespace.")
_AGE = {
    "name": "Age",
    "type": "date",
    "jsonPath": ".metadata.creationTimestamp",
    "description": "CreationTimestamp is a timestamp representing the server time when this object was created.",
}
_STANDARD_FINALIZERS = frozenset((FOREGROUND, ORPHAN, "kubernetes"))
_PREFER_DOMAIN = (
    "prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer "
    "writers"
)
_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
"""In the order in which discovery lists them for custom resources."""
_MAX_INT32 = (1 << 31) - 1
_INT64_END = 1 << 63
_SCALE = GroupVersionKind("autoscaling", "v1", "Scale")
_maybe_fraction = re.compile(rb"\.0").search  # three times as fast as ``in``


class _EmbeddedMetadata:
    """The metadata of embedded resources is that of all objects (`Metadata`)."""

    def read(self, metadata: Any) -> Object:
        read: Object = struct_codec(OBJECT_META)({} if metadata is None else metadata, "metadata", [])
        return read

    def check(self, metadata: Any) -> list[Cause]:
        if not isinstance(metadata, dict):
            return [invalid("metadata", metadata, "must be an object")]
        named = {**metadata, "name": metadata.get("name") or "fakename"}
        return validate_metadata(named, namespaced=bool(metadata.get("namespace")), name_rule=path_segment)


class ScalePaths:
    """Where a custom resource keeps what its scale subresource shows."""

    def __init__(self, scale: Mapping[str, str]) -> None:
        self.spec_replicas = scale["specReplicasPath"]
        self.status_replicas = scale["statusReplicasPath"]
        self.selector = scale.get("labelSelectorPath") or ""


class CustomStrategy(Strategy):
    """The strategy of one version of a custom resource.

    :param version: one of the CRD's ``spec.versions``.
    """

    generation = True
    allow_unconditional_update = False

    def __init__(self, version: Mapping[str, Any], *, namespaced: bool) -> None:
        self.schema: CompiledSchema = compile_schema(
            (version.get("schema") or {}).get("openAPIV3Schema") or {}, _EmbeddedMetadata()
        )
        self.namespaced = namespaced
        subresources = version.get("subresources") or {}
        self.status = "status" in subresources  # type: ignore[misc]
        self.scale = ScalePaths(subresources["scale"]) if subresources.get("scale") else None
        columns, self._cells = _readable(version.get("additionalPrinterColumns") or [_AGE])
        self.columns = (  # type: ignore[misc]
            _NAME_COLUMN,
            *(
                Column(one["name"], one["type"], one.get("format", ""), _describe(one), one.get("priority", 0))
                for one in columns
            ),
        )
        fields = [one["jsonPath"] for one in version.get("selectableFields") or ()]
        self._fields = {path.removeprefix("."): JSONPath(path) for path in fields}
        self.field_labels = frozenset(self._fields)  # type: ignore[misc]

    def decode(self, obj: Object, unknown: list[str]) -> Object:
        metadata = obj.get("metadata")
        obj["metadata"] = struct_codec(OBJECT_META)({} if metadata is None else metadata, "metadata", unknown)
        for name in ("apiVersion", "kind"):
            if not isinstance(obj.get(name), str):
                raise DecodeError(f"{name} has to be a string")
        unknown += self.schema.prune(obj)
        for name, member in obj.items():
            # A look at the bytes costs much less than a walk; in metadata are no such numbers.
            if name != "metadata" and _maybe_fraction(msgspec.json.encode(member)):
                obj[name] = _without_fractions(member)
        return obj

    def read(self, obj: Object) -> None:
        for cause in self.schema.read(obj):
            raise DecodeError(f"{cause.field}: {cause.message}")

    def default(self, obj: Object) -> None:
        self.schema.default(obj)

    def validate(self, obj: Object, reader: Reader) -> list[Cause]:
        causes = validate_metadata(obj["metadata"], namespaced=self.namespaced, name_rule=dns_subdomain)
        return causes + self._scale_problems(obj) + self.schema.validate(obj)

    def validate_update(self, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        causes = validate_metadata_update(obj["metadata"], old["metadata"]) + self._scale_problems(obj)
        tolerated: list[Cause] = []
        causes += self.schema.validate(obj, old, tolerated=tolerated)
        return causes + [Tolerated(*cause) for cause in tolerated]

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        if self.status:
            obj.pop("status", None)

    def prepare_for_status_update(self, obj: Object, old: Object, reader: Reader) -> None:
        status = obj.get("status")
        managed = obj["metadata"].get("managedFields")
        version = obj["metadata"].get("resourceVersion")
        for name in [name for name in obj if name not in ("apiVersion", "kind")]:
            del obj[name]
        obj.update({name: value for name, value in old.items() if name not in ("apiVersion", "kind", "status")})
        obj["metadata"] = {**old["metadata"], "resourceVersion": version}
        if managed is not None:
            obj["metadata"]["managedFields"] = managed
        if status is not None:
            obj["status"] = status

    def validate_status_update(self, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        causes = validate_metadata_update(obj["metadata"], old["metadata"])
        causes += self._scale_problems(obj, spec=False)
        tolerated: list[Cause] = []
        causes += self.schema.validate_status(obj, old, tolerated=tolerated)
        return causes + [Tolerated(*cause) for cause in tolerated]

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        known = _STANDARD_FINALIZERS.union((old["metadata"].get("finalizers") or ()) if old is not None else ())
        added = sorted(set(obj["metadata"].get("finalizers") or ()) - known)
        return [f'metadata.finalizers: "{name}": {_PREFER_DOMAIN}' for name in added if "/" not in name]

    def fields(self, obj: Object) -> Mapping[str, str]:
        return {name: _field_text(path.first(obj)) for name, path in self._fields.items()}

    def unknown_field_label(self, label: str) -> str:
        return f"field label not supported: {label}"

    def cells(self, obj: Object) -> list[Any]:
        return [obj["metadata"].get("name", ""), *(cell(next(path.find(obj), MISSING)) for path, cell in self._cells)]

    def _scale_problems(self, obj: Object, *, spec: bool = True) -> list[Cause]:
        """What the scale subresource shows has to be showable."""
        if self.scale is None:
            return []
        problems = _replica_problems(obj, self.scale.spec_replicas) if spec else []
        problems += _replica_problems(obj, self.scale.status_replicas)
        if self.scale.selector:
            try:
                nested.string(obj, self.scale.selector)
            except nested.AccessorError as error:
                problems.append(invalid(self.scale.selector, "", str(error)))
        return problems


def _replica_problems(obj: Object, path: str) -> list[Cause]:
    try:
        replicas = nested.integer(obj, path) or 0
    except nested.AccessorError as error:
        return [invalid(path, 0, str(error))]
    if replicas < 0:
        return [invalid(path, replicas, "should be a non-negative integer")]
    if replicas > _MAX_INT32:
        return [invalid(path, replicas, f"should be less than or equal to {_MAX_INT32}")]
    return []


def resources_of(crd: Object, converter: Converter) -> Iterator[Resource]:
    """The served versions of a CRD, each as a resource of its own.

    :param converter: translates between the versions.
    """
    spec = crd["spec"]
    names = crd["status"]["acceptedNames"]
    versions = _Versions(spec)
    stored = next(version["name"] for version in spec["versions"] if version["storage"])
    for version in spec["versions"]:
        if not version["served"]:
            continue
        gvk = GroupVersionKind(spec["group"], version["name"], names["kind"])
        schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
        namespaced = spec["scope"] == "Namespaced"
        strategy = versions.strategies[gvk.api_version]
        subresources = []
        if strategy.scale is not None:
            subresources.append(Subresource("scale", _SCALE))
        if strategy.status:
            subresources.append(Subresource("status", gvk))
        yield Resource(
            gvk=gvk,
            plural=names["plural"],
            singular=names.get("singular", ""),
            namespaced=namespaced,
            node=versions.nodes[gvk.api_version],
            strategy_source=partial(versions.strategies.__getitem__, gvk.api_version),
            storage_version=stored,
            converter=converter,
            versions=versions,
            schema_revision=int(crd["metadata"]["resourceVersion"]),
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            verbs=_VERBS,
            subresources=tuple(subresources),
            list_kind=names.get("listKind", ""),
            custom=True,
            published_schema=schema,
            deprecation_warning=_deprecation(gvk, version, spec["versions"]),
        )


class _Versions:
    """All versions of a definition (`CustomVersions`)."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        namespaced = spec["scope"] == "Namespaced"
        self.strategies: dict[str, CustomStrategy] = {}
        self.nodes: dict[str, Node] = {}
        for version in spec["versions"]:
            api_version = f"{spec['group']}/{version['name']}"
            self.strategies[api_version] = CustomStrategy(version, namespaced=namespaced)
            self.nodes[api_version] = _node((version.get("schema") or {}).get("openAPIV3Schema") or {})

    def node(self, api_version: str) -> Node | None:
        return self.nodes.get(api_version)

    def strategy(self, api_version: str) -> Strategy | None:
        return self.strategies.get(api_version)

    def convert(self, obj: Object, api_version: str) -> Object:
        # Where a webhook has a say, `Store.owned` sees to it that it is asked.
        return {**obj, "apiVersion": api_version}


def _without_fractions(value: Any) -> Any:
    """Write ``1.0`` as ``1``, in place, as Kubernetes does: Go's clients read nothing else as an integer."""
    match value:
        case dict():
            for name, member in value.items():
                value[name] = _without_fractions(member)
        case list():
            value[:] = map(_without_fractions, value)
        case float() if value.is_integer() and abs(value) < _INT64_END:
            return int(value)
    return value


def _node(schema: Mapping[str, Any]) -> Node:
    """The schema with what every object has beside it."""
    ends = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"$ref": f"#/$defs/{OBJECT_META}"},
    }
    properties = {**(schema.get("properties") or {}), **ends}
    return Node({**schema, "type": "object", "properties": properties}, definitions().__getitem__)


def _deprecation(gvk: GroupVersionKind, version: Mapping[str, Any], versions: Sequence[Mapping[str, Any]]) -> str:
    """What every use of a deprecated version is warned of: its author's text, or the version to move to."""
    if not version.get("deprecated"):
        return ""
    if version.get("deprecationWarning"):
        return str(version["deprecationWarning"])
    text = f"{gvk.api_version} {gvk.kind} is deprecated"
    served = [one["name"] for one in versions if one["served"] and not one.get("deprecated")]
    better = min(served, key=version_priority, default="")
    if better and version_priority(better) < version_priority(gvk.version):
        return f"{text}; use {gvk.group}/{better} {gvk.kind}"
    return text


def _readable(columns: Sequence[Mapping[str, Any]]) -> tuple[Sequence[Mapping[str, Any]], list[tuple[JSONPath, Cell]]]:
    """The columns up to the first one whose path cannot be read, and how to fill them: as far as Kubernetes prints."""
    cells: list[tuple[JSONPath, Cell]] = []
    for column in columns:
        try:
            cells.append((JSONPath(column["jsonPath"]), _CELLS.get(column["type"], _no_cell)))
        except JSONPathError:
            break
    return columns[: len(cells)], cells


def _describe(column: Mapping[str, Any]) -> str:
    text = column.get("description")
    return text or f"Custom resource definition column (in JSONPath format): {column['jsonPath']}"


def _field_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()


def _integer_cell(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value)


def _number_cell(value: Any) -> Any:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _boolean_cell(value: Any) -> Any:
    return value if isinstance(value, bool) else None


def _string_cell(value: Any) -> Any:
    if value is MISSING:
        return None
    if value is None:
        return "<no value>"
    if isinstance(value, str):
        return value
    text = msgspec.json.encode(value, order="sorted").decode()
    return text.translate(_ESCAPED) if isinstance(value, dict | list) else text


def _date_cell(value: Any) -> Any:
    if not isinstance(value, str):
        return None
    if value in ("", "null"):  # Go's time that was never set
        return "<unknown>"
    try:
        then = datetime.fromisoformat(value)
    except ValueError:
        return "<invalid>"
    if then.tzinfo is None:
        return "<invalid>"
    return human_duration((datetime.now(UTC) - then).total_seconds())


def _no_cell(value: Any) -> Any:
    return None


_ESCAPED = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
"""As Go writes JSON."""

_CELLS: Mapping[str, Cell] = {
    "integer": _integer_cell,
    "number": _number_cell,
    "boolean": _boolean_cell,
    "string": _string_cell,
    "date": _date_cell,
}
