"""The schemas of the built-in kinds, read from the data that kubernetes-validate ships.

Nothing is read before the first definition is asked for; decoding takes some ten milliseconds, and each definition
becomes a node only when it is walked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import msgspec

from kubewright.objects.names import GroupVersionKind
from kubewright.schema.node import Definitions, Raw

KUBERNETES_VERSION = "1.36.0"

_FILE = f"kubernetes-json-schema/v{KUBERNETES_VERSION}-local/_definitions.json"

_WELL_KNOWN: dict[str, Raw] = {
    # The published data spells these two as a choice of nullable types, without the format that says which they are.
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": "string", "format": "quantity"},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
        "type": "string",
        "format": "int-or-string",
        "x-kubernetes-int-or-string": True,
    },
}


class _Encoded(Mapping[str, Raw]):
    """Definitions that stay encoded until one is asked for: few of them ever are, and decoded they fill the memory."""

    def __init__(self, encoded: Mapping[str, msgspec.Raw]) -> None:
        self._encoded = encoded

    def __getitem__(self, name: str) -> Raw:
        known = _WELL_KNOWN.get(name)
        if known is not None:
            return known
        decoded: Raw = msgspec.json.decode(self._encoded[name])
        return decoded

    def __iter__(self) -> Iterator[str]:
        return iter(self._encoded)

    def __len__(self) -> int:
        return len(self._encoded)

    def __contains__(self, name: object) -> bool:
        return name in self._encoded

    def kinds(self) -> Iterator[tuple[str, _Kinds]]:
        """Each definition with the kinds that it says it is."""
        for name, encoded in self._encoded.items():
            yield name, _decode_kinds(encoded)


class _File(msgspec.Struct):
    definitions: dict[str, msgspec.Raw] = msgspec.field(name="$defs")


class _Kind(msgspec.Struct):
    group: str
    version: str
    kind: str


class _Kinds(msgspec.Struct):
    kinds: list[_Kind] = msgspec.field(name="x-kubernetes-group-version-kind", default_factory=list)


_decode_kinds = msgspec.json.Decoder(_Kinds).decode


@cache
def _data() -> _Encoded:
    text = _data_folder().joinpath(_FILE).read_bytes()
    return _Encoded(msgspec.json.decode(text, type=_File).definitions)


@cache
def definitions() -> Definitions:
    """All definitions of the Kubernetes version that the server speaks."""
    return Definitions(_data())


def _data_folder() -> Path:
    """Where the package is; it is not imported, as its own code costs more time and memory than the data."""
    spec = find_spec("kubernetes_validate")
    assert spec is not None and spec.submodule_search_locations  # seen when kubewright.apiserver was imported
    return Path(spec.submodule_search_locations[0])


@cache
def _names() -> dict[GroupVersionKind, str]:
    names: dict[GroupVersionKind, str] = {}
    for name, found in _data().kinds():
        if len(found.kinds) == 1:
            [kind] = found.kinds
            names[GroupVersionKind(kind.group, kind.version, kind.kind)] = name
    return names


def is_defined(kind: GroupVersionKind) -> bool:
    """Whether the Kubernetes version that the server speaks knows a kind."""
    return kind in _names()


def definition_name(kind: GroupVersionKind) -> str:
    """The name of a kind's definition, such as ``io.k8s.api.apps.v1.Deployment``.

    :raises KeyError: the data has no such kind.
    """
    return _names()[kind]
