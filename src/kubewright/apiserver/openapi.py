"""OpenAPI documents of a logical cluster: v2 in one piece, v3 by group version.

The definitions of the built-in kinds and the schemas of custom resources come in, encoded JSON goes out.  Documents
are made when they are first asked for: the data behind them is large, and most clients never want it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from kubewright.apiserver.openapi_protobuf import encode_document
from kubewright.apiserver.registry.builtin import definition_name, definitions
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.version import GIT_VERSION
from kubewright.objects.names import GroupVersion, GroupVersionKind

Document = dict[str, Any]

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_REFERENCE = "#/$defs/"

_CUSTOM_ENDS: dict[str, Document] = {
    "apiVersion": {
        "description": "APIVersion defines the versioned schema of this representation of an object. Servers should "
        "convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: "
        "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources",
        "type": "string",
    },
    "kind": {
        "description": "Kind is a string value representing the REST resource this object represents. Servers may "
        "infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: "
        "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds",
        "type": "string",
    },
}
_METADATA_TEXT = (
    "Standard object's metadata. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)

_COLLECTION_METHODS = (
    ("get", "list", "list"),
    ("post", "create", "post"),
    ("delete", "deletecollection", "deletecollection"),
)
_SINGLE_METHODS = (
    ("get", "get", "get"),
    ("put", "update", "put"),
    ("patch", "patch", "patch"),
    ("delete", "delete", "delete"),
)
"""Methods, the verb that each stands for, and the action that its operation is marked with."""

_QUERY = ("dryRun", "fieldManager", "fieldValidation")


class OpenAPI:
    """The documents of one set of resources."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._resources = tuple(resources)
        self._documents: dict[str, bytes] = {}

    def v2(self) -> bytes:
        """``/openapi/v2``."""
        if "v2" not in self._documents:
            schemas = dict(_builtin_schemas()) | {
                name: schema
                for resource in self._resources
                if resource.custom
                for name, schema in _custom_schemas(resource).items()
            }
            document = {
                "swagger": "2.0",
                "info": {"title": "Kubernetes", "version": GIT_VERSION},
                "paths": {path: item for one in self._resources for path, item in _paths(one, v2=True).items()},
                "definitions": schemas,
            }
            self._documents["v2"] = _with_references(document, "#/definitions/")
        return self._documents["v2"]

    def v2_protobuf(self) -> bytes:
        """The same as protobuf."""
        if "v2.protobuf" not in self._documents:
            self._documents["v2.protobuf"] = encode_document(msgspec.json.decode(self.v2()))
        return self._documents["v2.protobuf"]

    def v2_hash(self) -> str:
        """What changes whenever the document, in either form, does."""
        return _hash((f"{one.gvk.api_version}/", one) for one in self._resources)

    def v3_index(self) -> bytes:
        """``/openapi/v3``: the documents that there are, each with a hash of its content in its address."""
        versions = dict.fromkeys(_document_path(resource.gvk) for resource in self._resources)
        paths = {path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={self.v3_hash(path)}"} for path in versions}
        return msgspec.json.encode({"paths": paths})

    def v3_hash(self, path: str) -> str:
        """What changes whenever the document at a path does."""
        return _hash(("", one) for one in self._resources if _document_path(one.gvk) == path)

    def v3(self, path: str) -> bytes | None:
        """The document of ``api/v1`` or ``apis/GROUP/VERSION``; None where nothing is served there."""
        resources = [one for one in self._resources if _document_path(one.gvk) == path]
        if not resources:
            return None
        if path not in self._documents:
            schemas: dict[str, Document] = {}
            for resource in resources:
                if resource.custom:
                    schemas |= _custom_schemas(resource)
                else:
                    _collect(schema_name(resource), schemas)
                    _collect(f"{schema_name(resource)}List", schemas)
                for sub in resource.subresources:
                    _collect(_name_of(sub.kind), schemas)
            for name in ("DeleteOptions", "Status", "ObjectMeta", "ListMeta"):
                _collect(f"{_META}.{name}", schemas)
            document = {
                "openapi": "3.0.0",
                "info": {"title": "Kubernetes", "version": GIT_VERSION},
                "paths": {path: item for one in resources for path, item in _paths(one, v2=False).items()},
                "components": {"schemas": schemas},
            }
            self._documents[path] = _with_references(document, "#/components/schemas/")
        return self._documents[path]


def _hash(resources: Iterable[tuple[str, Resource]]) -> str:
    found = sorted(f"{prefix}{one.plural}{one.schema_revision}" for prefix, one in resources)
    return hashlib.sha256(f"{GIT_VERSION}{found}".encode()).hexdigest().upper()


def schema_name(resource: Resource) -> str:
    """The name of a kind's schema: ``io.k8s.api.apps.v1.Deployment``, ``com.example.v1.Widget``."""
    gvk = resource.gvk
    if not resource.custom:
        return definition_name(gvk)
    return ".".join([*reversed(gvk.group.split(".")), gvk.version, gvk.kind])


def _document_path(gvk: GroupVersionKind) -> str:
    return f"apis/{gvk.group}/{gvk.version}" if gvk.group else f"api/{gvk.version}"


def _name_of(gvk: GroupVersionKind) -> str:
    try:
        return definition_name(gvk)
    except KeyError:
        return ""


def _custom_schemas(resource: Resource) -> dict[str, Document]:
    """The schemas of a custom kind and of its list."""
    gvk, name = resource.gvk, schema_name(resource)
    schema = dict(resource.published_schema or {"type": "object"})
    metadata = {"description": _METADATA_TEXT, "allOf": [{"$ref": f"{_REFERENCE}{_META}.ObjectMeta"}]}
    schema["properties"] = {**schema.get("properties", {}), **_CUSTOM_ENDS, "metadata": metadata}
    schema["x-kubernetes-group-version-kind"] = [_type(gvk)]
    items = {"description": f"List of {resource.plural}.", "type": "array", "items": {"$ref": _REFERENCE + name}}
    listed = {
        "description": f"{gvk.kind}List is a list of {gvk.kind}",
        "type": "object",
        "required": ["items"],
        "properties": {
            **_CUSTOM_ENDS,
            "items": items,
            "metadata": {"description": _METADATA_TEXT, "allOf": [{"$ref": f"{_REFERENCE}{_META}.ListMeta"}]},
        },
        "x-kubernetes-group-version-kind": [_type(gvk._replace(kind=f"{gvk.kind}List"))],
    }
    return {name: schema, f"{name}List": listed}


def _builtin_schemas() -> Iterator[tuple[str, Document]]:
    for name, raw in definitions().raw.items():
        yield name, _published(raw)


def _collect(name: str, into: dict[str, Document]) -> None:
    """Take in a definition and all that it refers to."""
    waiting = [name]
    while waiting:
        name = waiting.pop()
        if name in into or name not in definitions():
            continue
        into[name] = _published(definitions().raw[name])
        waiting += _references(into[name])


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str):
            yield reference.rpartition("/")[2]
        for member in value.values():
            yield from _references(member)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _published(schema: Any) -> Any:
    """The schema as Kubernetes publishes it: the data that we have spells optional types as nullable ones."""
    if isinstance(schema, list):
        return [_published(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _published(value) for key, value in schema.items()}
    kind = result.get("type")
    if isinstance(kind, list):
        result["type"] = next((one for one in kind if one != "null"), kind[0])
    properties = result.get("properties")
    if isinstance(properties, dict):
        for name in ("apiVersion", "kind"):
            if isinstance(properties.get(name), dict):
                properties[name].pop("enum", None)
    return result


def _paths(resource: Resource, *, v2: bool) -> dict[str, Document]:
    """The URLs of a resource; clients look for the parameters and types of their operations."""
    root = f"{resource.gvr.root}/namespaces/{{namespace}}" if resource.namespaced else resource.gvr.root
    collection, single = f"{root}/{resource.plural}", f"{root}/{resource.plural}/{{name}}"
    verbs = set(resource.verbs)
    found: dict[str, Document] = {}
    pairs = (("get", "list", "list"), ("post", "create", "post"), ("delete", "deletecollection", "deletecollection"))
    operations = {m: _operation(resource, m, action, v2=v2) for m, verb, action in pairs if verb in verbs}
    if operations:
        found[collection] = operations
    for path, methods in ((collection, _COLLECTION_METHODS), (single, _SINGLE_METHODS)):
        if operations := {m: _operation(resource, m, action, v2=v2) for m, verb, action in methods if verb in verbs}:
            found[path] = operations
    if resource.namespaced and "list" in verbs:
        found[f"{resource.gvr.root}/{resource.plural}"] = {"get": _operation(resource, "get", "list", v2=v2)}
    return found


def _operation(resource: Resource, method: str, action: str, *, v2: bool) -> Document:
    name = schema_name(resource) + ("List" if action == "list" else "")
    reference = {"$ref": _REFERENCE + name}
    media_types = ["application/json", "application/yaml"]
    operation: Document = {
        "tags": [_document_path(resource.gvk)],
        "operationId": f"{action}{_operation_suffix(resource)}",
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": _type(resource.gvk),
    }
    names = _QUERY if method in ("post", "put", "patch") else ()
    if v2:
        operation["parameters"] = [{"in": "query", "name": one, "type": "string", "uniqueItems": True} for one in names]
        operation["produces"] = media_types
        operation["responses"] = {"200": {"description": "OK", "schema": reference}}
        if names:
            operation["consumes"] = ["*/*"]
            operation["parameters"].append({"in": "body", "name": "body", "required": True, "schema": reference})
        return operation
    operation["parameters"] = [
        {"in": "query", "name": one, "schema": {"type": "string", "uniqueItems": True}} for one in names
    ]
    operation["responses"] = {
        "200": {"description": "OK", "content": {one: {"schema": reference} for one in media_types}}
    }
    if names:
        operation["requestBody"] = {"required": True, "content": {"*/*": {"schema": reference}}}
    return operation


def _operation_suffix(resource: Resource) -> str:
    version = GroupVersion(resource.gvk.group, resource.gvk.version)
    camel = "".join(part.capitalize() for part in str(version).replace("/", ".").split("."))
    return f"{camel}{'Namespaced' if resource.namespaced else ''}{resource.gvk.kind}"


def _type(gvk: GroupVersionKind) -> Document:
    return {"group": gvk.group, "kind": gvk.kind, "version": gvk.version}


def _with_references(document: Document, prefix: str) -> bytes:
    return msgspec.json.encode(document).replace(f'"$ref":"{_REFERENCE}'.encode(), f'"$ref":"{prefix}'.encode())
