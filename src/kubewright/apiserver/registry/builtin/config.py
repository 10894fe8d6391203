"""ConfigMaps, Secrets and ServiceAccounts.

After ``pkg/registry/core/{configmap,secret,serviceaccount}`` and their rules in ``pkg/apis/core/validation``.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import msgspec

from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, age, columns, name_of, same
from kubewright.apiserver.registry.builtin.field_rules import config_key, problems
from kubewright.apiserver.registry.metadata_rules import immutable
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import forbidden, invalid, required, too_long

MAX_SIZE = 1024 * 1024
_IMMUTABLE = "field is immutable when `immutable` is set"


def _immutable_rules(new: Object, old: Object, fields: tuple[str, ...]) -> list[Cause]:
    """Once ``immutable`` is set, neither it nor the data changes."""
    if not old.get("immutable"):
        return []
    causes = [] if new.get("immutable") else [forbidden("immutable", _IMMUTABLE)]
    return causes + [forbidden(name, _IMMUTABLE) for name in fields if not same(new.get(name), old.get(name))]


def _decoded_size(text: str) -> int:
    return len(text) * 3 // 4 - text.count("=", -2)


class ConfigMapStrategy(BuiltinStrategy):
    columns = columns("Data", "Age")
    update_checks_metadata_twice = True

    def rules(self, obj: Object) -> list[Cause]:
        data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
        causes: list[Cause] = []
        size = 0
        for key, text in sorted(data.items()):
            causes += problems(config_key(key), key, f"data[{key}]")
            if key in binary:
                causes.append(invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
            size += len(text.encode())
        for key, text in sorted(binary.items()):
            causes += problems(config_key(key), key, f"binaryData[{key}]")
            size += _decoded_size(text)
        if size > MAX_SIZE:
            causes.append(too_long("[]", MAX_SIZE))
        return causes

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return _immutable_rules(obj, old, ("data", "binaryData")) + self.rules(obj)

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), age(obj)]


_REQUIRED_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_MOUNTABLE = "kubernetes.io/enforce-mountable-secrets"
_ACCOUNT_NAME = "kubernetes.io/service-account.name"


class SecretStrategy(BuiltinStrategy):
    columns = columns("Type", "Data", "Age")
    field_labels = frozenset({"type"})
    update_checks_metadata_twice = True

    def default(self, obj: Object) -> None:
        obj.setdefault("type", "Opaque")
        if plain := obj.pop("stringData", None):
            encoded = {key: base64.b64encode(text.encode()).decode() for key, text in plain.items()}
            obj["data"] = {**(obj.get("data") or {}), **encoded}

    def prepare_for_update(self, obj: Object, old: Object, reader: Reader) -> None:
        if not obj.get("type"):
            obj["type"] = old.get("type", "")

    def rules(self, obj: Object) -> list[Cause]:
        data = obj.get("data") or {}
        causes: list[Cause] = []
        for key in sorted(data):
            causes += problems(config_key(key), key, f"data[{key}]")
        if sum(map(_decoded_size, data.values())) > MAX_SIZE:
            causes.append(too_long("data", MAX_SIZE))
        return causes + self._type_rules(obj, data)

    def _type_rules(self, obj: Object, data: Mapping[str, str]) -> list[Cause]:
        kind = obj.get("type", "")
        account = (obj["metadata"].get("annotations") or {}).get(_ACCOUNT_NAME)
        if kind == "kubernetes.io/service-account-token" and not account:
            return [required(f"metadata.annotations[{_ACCOUNT_NAME}]")]
        if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & data.keys():
            return [required("data[username]"), required("data[password]")]
        given = {key for key, value in data.items() if value or kind != "kubernetes.io/ssh-auth"}
        causes = [required(f"data[{key}]") for key in _REQUIRED_KEYS.get(kind, ()) if key not in given]
        if kind in ("kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson") and not causes:
            key = _REQUIRED_KEYS[kind][0]
            try:
                msgspec.json.decode(base64.b64decode(data[key]))
            except msgspec.DecodeError as error:
                causes.append(invalid(f"data[{key}]", "<secret contents redacted>", str(error)))
        return causes

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        causes = immutable(obj.get("type"), old.get("type"), "type")
        return causes + _immutable_rules(obj, old, ("data",)) + self.rules(obj)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        if obj.get("type") != "kubernetes.io/tls":
            return []
        certificate = base64.b64decode((obj.get("data") or {}).get("tls.crt", ""))
        if b"-----BEGIN" not in certificate:
            return ["tls: failed to find any PEM data in certificate input"]
        return []

    def fields(self, obj: Object) -> Mapping[str, str]:
        return {"type": obj.get("type", "")}

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), obj.get("type", ""), len(obj.get("data") or ()), age(obj)]


class ServiceAccountStrategy(BuiltinStrategy):
    columns = columns("Age")
    return_deleted = True
    update_checks_metadata_twice = True

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        """Of an annotation, where it is new."""
        had = ((old or {}).get("metadata") or {}).get("annotations") or {}
        if _MOUNTABLE in had or _MOUNTABLE not in (obj["metadata"].get("annotations") or {}):
            return []
        text = "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
        return [f"metadata.annotations[{_MOUNTABLE}]: {text}"]

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), age(obj)]
