"""The schemas of the built-in kinds, read from the data that kubernetes-validate ships.

Nothing is read before the first definition is asked for; decoding takes some ten milliseconds, and each definition
becomes a node only when it is walked.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

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


@cache
def definitions() -> Definitions:
    """All definitions of the Kubernetes version that the server speaks.

    :raises ModuleNotFoundError: the package that holds them is not installed.
    """
    text = _data_folder().joinpath(_FILE).read_bytes()
    raw: dict[str, Raw] = msgspec.json.decode(text)["$defs"]
    return Definitions({**raw, **_WELL_KNOWN})


def _data_folder() -> Path:
    """Where the package is; it is not imported, as its own code costs more time and memory than the data."""
    spec = find_spec("kubernetes_validate")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the embedded API server needs the extra `local`: pip install 'kubewright[local]'")
    return Path(spec.submodule_search_locations[0])


@cache
def _names() -> dict[GroupVersionKind, str]:
    names: dict[GroupVersionKind, str] = {}
    for name, raw in definitions().raw.items():
        kinds: list[dict[str, Any]] = raw.get("x-kubernetes-group-version-kind") or []
        if len(kinds) == 1:
            names[GroupVersionKind(kinds[0]["group"], kinds[0]["version"], kinds[0]["kind"])] = name
    return names


def definition_name(kind: GroupVersionKind) -> str:
    """The name of a kind's definition, such as ``io.k8s.api.apps.v1.Deployment``.

    :raises KeyError: the data has no such kind.
    """
    return _names()[kind]
