"""Schemas of Kubernetes' own types, for custom resources that embed them.

The few that nearly every resource uses are written here; any other class of `kubewright.objects` is looked up in
kubernetes-validate's definitions (the extra ``kubewright[local]``), with the defaults that controller-gen adds.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from kubewright.objects import ObjectMeta

Schema = dict[str, Any]

VERSION: Final = "1.37.0"

QUANTITY: Final[Schema] = {
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "pattern": r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)"
    r"|(\.[0-9]+))))?$",
    "x-kubernetes-int-or-string": True,
}
INT_OR_STRING: Final[Schema] = {
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "x-kubernetes-int-or-string": True,
}
DATE_TIME: Final[Schema] = {"type": "string", "format": "date-time"}
STRINGS: Final[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}

OBJECT_META: Final[Schema] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "namespace": {"type": "string"},
        "labels": STRINGS,
        "annotations": STRINGS,
        "finalizers": {"type": "array", "items": {"type": "string"}},
    },
}

CONDITION: Final[Schema] = {
    "type": "object",
    "properties": {
        "type": {
            "type": "string",
            "maxLength": 316,
            "pattern": r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
            r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
        },
        "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
        "reason": {
            "type": "string",
            "minLength": 1,
            "maxLength": 1024,
            "pattern": r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
        },
        "message": {"type": "string", "maxLength": 32768},
        "lastTransitionTime": DATE_TIME,
        "observedGeneration": {"type": "integer", "format": "int64", "minimum": 0},
    },
    "required": ["lastTransitionTime", "message", "reason", "status", "type"],
}

LABEL_SELECTOR: Final[Schema] = {
    "type": "object",
    "properties": {
        "matchLabels": STRINGS,
        "matchExpressions": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "key": {"type": "string"},
                    "operator": {"type": "string"},
                    "values": {
                        "type": "array",
                        "items": {"type": "string"},
                        "x-kubernetes-list-type": "atomic",
                    },
                },
                "required": ["key", "operator"],
            },
            "x-kubernetes-list-type": "atomic",
        },
    },
    "x-kubernetes-map-type": "atomic",
}

_WRITTEN_HERE = {
    "meta.Condition": CONDITION,
    "meta.LabelSelector": LABEL_SELECTOR,
}

_LEAVES: Final[dict[str, Schema]] = {
    "Quantity": QUANTITY,
    "IntOrString": INT_OR_STRING,
    "Time": DATE_TIME,
    "MicroTime": DATE_TIME,
    "JSON": {"x-kubernetes-preserve-unknown-fields": True},
    "JSONSchemaProps": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "RawExtension": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "FieldsV1": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
}

# Go embeds LocalObjectReference in these, so they are atomic as it is, which the published definitions don't tell.
_LOCAL_REFERENCES: Final = (
    "LocalObjectReference",
    "ConfigMapKeySelector",
    "SecretKeySelector",
    "ConfigMapEnvSource",
    "SecretEnvSource",
    "ConfigMapProjection",
    "SecretProjection",
    "ConfigMapVolumeSource",
)

# Go's zero value stands for "unset" in these, and their types say so with +default.
_GO_DEFAULTS: Final[dict[tuple[str, str], Any]] = {
    **{(name, "name"): "" for name in _LOCAL_REFERENCES},
    ("ContainerPort", "protocol"): "TCP",
    ("ServicePort", "protocol"): "TCP",
    ("GRPCAction", "service"): "",
    ("FileKeySelector", "optional"): False,
    ("AzureDiskVolumeSource", "fsType"): "ext4",
    ("AzureDiskVolumeSource", "readOnly"): False,
    **{
        (f"{driver}{source}", field): default
        for source in ("VolumeSource", "PersistentVolumeSource")
        for driver, field, default in (
            ("ISCSI", "iscsiInterface", "default"),
            ("RBD", "keyring", "/etc/ceph/keyring"),
            ("RBD", "pool", "rbd"),
            ("RBD", "user", "admin"),
            ("ScaleIO", "fsType", "xfs"),
            ("ScaleIO", "storageMode", "ThinProvisioned"),
        )
    },
}


class MissingDefinitions(LookupError):
    """The definitions of the built-in types are not installed."""


def builtin_schema(cls: type, *, metadata: Schema = OBJECT_META) -> Schema:
    """The structural schema of a class of `kubewright.objects`.

    :param metadata: of embedded objects.
    :raises MissingDefinitions: the extra that brings the definitions is not installed.
    :raises LookupError: there is no definition of that name.
    """
    if cls is ObjectMeta:
        return deepcopy(metadata)
    module = cls.__module__.rpartition(".")[2]
    written = _WRITTEN_HERE.get(f"{module}.{cls.__name__}")
    if written is not None:
        return deepcopy(written)
    group = "meta.v1" if module == "meta" else module.replace("_", ".")
    for name in _definitions():
        if name.endswith(f".{group}.{cls.__name__}"):
            return _structural(_definitions()[name], cls.__name__, metadata)
    raise LookupError(f"there is no definition of {group}.{cls.__name__}")


@cache
def _definitions() -> dict[str, Schema]:
    try:
        folder = files("kubernetes_validate")
    except ModuleNotFoundError:
        raise MissingDefinitions("embedding Kubernetes' own types needs: pip install 'kubewright[local]'") from None
    path = folder / "kubernetes-json-schema" / f"v{VERSION}-local" / "_definitions.json"
    definitions: dict[str, Schema] = msgspec.json.decode(path.read_bytes())["$defs"]
    return definitions


def _structural(raw: Schema, name: str, metadata: Schema) -> Schema:
    """A definition with its references followed, nulls and patch hints dropped, and Go's defaults added."""
    ref = raw.get("$ref", "").rpartition("/")[2]
    if ref:
        target = ref.rpartition(".")[2]
        leaf = metadata if target == "ObjectMeta" else _LEAVES.get(target)
        schema = _structural(_definitions()[ref], target, metadata) if leaf is None else deepcopy(leaf)
        return schema | {key: raw[key] for key in ("description",) if key in raw}
    kept = ("description", "format", "enum", "default", "x-kubernetes-list-type", "x-kubernetes-list-map-keys")
    schema = {key: raw[key] for key in (*kept, "x-kubernetes-map-type") if key in raw}
    if name in _LOCAL_REFERENCES and "properties" in raw:
        schema["x-kubernetes-map-type"] = "atomic"
    kind = raw.get("type")
    schema["type"] = next(one for one in kind if one != "null") if isinstance(kind, list) else kind
    if raw.get("required"):
        schema["required"] = sorted(raw["required"])
    if "items" in raw:
        schema["items"] = _structural(raw["items"], name, metadata)
        _default_missing_keys(schema)
    if "additionalProperties" in raw:
        schema["additionalProperties"] = _structural(raw["additionalProperties"], name, metadata)
    if "properties" in raw:
        schema["properties"] = {key: _structural(value, name, metadata) for key, value in raw["properties"].items()}
        for key, value in schema["properties"].items():
            if (name, key) in _GO_DEFAULTS:
                value["default"] = _GO_DEFAULTS[name, key]
    elif schema["type"] == "object" and "additionalProperties" not in schema:
        schema["x-kubernetes-preserve-unknown-fields"] = True
    return schema


def _default_missing_keys(schema: Schema) -> None:
    """The API server demands that every key of a list-map is required or has a default."""
    items = schema["items"]
    for key in schema.get("x-kubernetes-list-map-keys", ()):
        field = items["properties"][key]
        if key not in items.get("required", ()) and "default" not in field:
            field["default"] = "TCP" if key == "protocol" else ""
