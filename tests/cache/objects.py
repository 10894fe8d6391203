"""Objects for the tests of the cache."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from kubewright.cache import StoredObject
from kubewright.cache.stored import ObjectReader
from kubewright.objects.codec import from_json
from kubewright.objects.core_v1 import Pod
from kubewright.objects.names import ObjectKey

READER: ObjectReader[Pod] = ObjectReader(partial(from_json, Pod))


def pod(name: str, version: int | str = 1, namespace: str = "default", uid: str = "u", **rest: Any) -> dict[str, Any]:
    """A Pod as JSON; ``labels`` and other metadata by keyword, ``spec`` and ``status`` too."""
    outside: dict[str, Any] = {field: rest.pop(field) for field in ("spec", "status") if field in rest}
    metadata = {"name": name, "namespace": namespace, "uid": uid, "resourceVersion": str(version), **rest}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, **outside}


def stored(name: str, version: int | str = 1, **rest: Any) -> StoredObject[Pod]:
    return READER.read(msgspec.json.encode(pod(name, version, **rest)))


def key(name: str, namespace: str = "default") -> ObjectKey:
    return ObjectKey(namespace, name)
