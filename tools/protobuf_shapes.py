"""Read from Go programs how the Kubernetes API types are numbered in protobuf, and write it for the server.

The numbers stand in the struct tags of k8s.io/api, which any Go binary that links it (kubectl, helm) keeps in its
run-time type data; `go_shapes.py` knows how to walk that.  Where several binaries have a type, the first one counts.

    python -m tools.protobuf_shapes src/kubewright/apiserver/protobuf/messages.json KUBECTL_BINARY HELM_BINARY

Each field becomes ``"NUMBER MODE TYPE"``: the mode is ``one``, ``many``, ``map`` or ``inline`` (a message whose fields
JSON shows beside the others); the type is ``string``, ``bytes``, ``int``, ``bool``, ``double``, ``strings`` (a list in
a message of its own) or the name of a message.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from tools.go_shapes import ROOTS, Binary

from kubewright.apiserver.registry.builtin.definitions import definitions

SCALARS = {"string": "string", "bool": "bool", "float64": "double", "float32": "double"}

APIEXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
APIREGISTRATION = "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1."
META = "io.k8s.apimachinery.pkg.apis.meta.v1."

NEWER: dict[str, dict[str, str]] = {
    # Fields younger than the newest program at hand that links the package, and a package that none links; the numbers
    # are those of the generated.proto files in kubernetes/kubernetes.
    f"{APIEXTENSIONS}CustomResourceDefinitionVersion": {"selectableFields": f"9 many {APIEXTENSIONS}SelectableField"},
    f"{APIEXTENSIONS}SelectableField": {"jsonPath": "1 one string"},
    f"{APIEXTENSIONS}ValidationRule": {
        "messageExpression": "3 one string",
        "reason": "4 one string",
        "fieldPath": "5 one string",
        "optionalOldSelf": "6 one bool",
    },
    f"{APIREGISTRATION}APIService": {
        "metadata": f"1 one {META}ObjectMeta",
        "spec": f"2 one {APIREGISTRATION}APIServiceSpec",
        "status": f"3 one {APIREGISTRATION}APIServiceStatus",
    },
    f"{APIREGISTRATION}APIServiceList": {
        "metadata": f"1 one {META}ListMeta",
        "items": f"2 many {APIREGISTRATION}APIService",
    },
    f"{APIREGISTRATION}APIServiceSpec": {
        "service": f"1 one {APIREGISTRATION}ServiceReference",
        "group": "2 one string",
        "version": "3 one string",
        "insecureSkipTLSVerify": "4 one bool",
        "caBundle": "5 one bytes",
        "groupPriorityMinimum": "7 one int",
        "versionPriority": "8 one int",
    },
    f"{APIREGISTRATION}ServiceReference": {"namespace": "1 one string", "name": "2 one string", "port": "3 one int"},
    f"{APIREGISTRATION}APIServiceStatus": {"conditions": f"1 many {APIREGISTRATION}APIServiceCondition"},
    # What kubectl and helm do not ask for, but client-go's metadata informers do.
    f"{META}PartialObjectMetadata": {"metadata": f"1 one {META}ObjectMeta"},
    f"{META}PartialObjectMetadataList": {
        "metadata": f"1 one {META}ListMeta",
        "items": f"2 many {META}PartialObjectMetadata",
    },
    f"{APIREGISTRATION}APIServiceCondition": {
        "type": "1 one string",
        "status": "2 one string",
        "lastTransitionTime": f"3 one {META}Time",
        "reason": "4 one string",
        "message": "5 one string",
    },
}


def message_name(binary: Binary, type_: int) -> str:
    return f"io.k8s.{binary.package(type_).removeprefix('k8s.io/').replace('/', '.')}.{binary.type_name(type_)}"


def message(binary: Binary, type_: int) -> dict[str, str]:
    """The numbered fields of a struct, by their JSON names."""
    found: dict[str, str] = {}
    for field in binary.fields(type_):
        tag = re.search(r'protobuf:"([^"]*)"', field.tag)
        if tag is None or tag.group(1) == "-":
            continue
        _, number, *_ = tag.group(1).split(",")
        name = re.search(r'json:"([^",]*)', field.tag)
        if field.embedded and not (name and name.group(1)):
            found[f"<{field.name}>"] = f"{number} inline {_type(binary, field.type)}"
            continue
        json_name = name.group(1) if name and name.group(1) not in ("", "-") else field.name
        found[json_name] = f"{number} {_mode_and_type(binary, field.type)}"
    return found


def _mode_and_type(binary: Binary, type_: int) -> str:
    match binary.kind(type_):
        case "pointer":
            return _mode_and_type(binary, binary.elements(type_)[0])
        case "map":
            return f"map {_type(binary, binary.elements(type_)[1])}"
        case "slice" if _type(binary, type_) != "bytes":
            return f"many {_type(binary, binary.elements(type_)[0])}"
    return f"one {_type(binary, type_)}"


def _type(binary: Binary, type_: int) -> str:
    kind = binary.kind(type_)
    if kind == "struct":
        return message_name(binary, type_)
    if kind == "pointer":
        return _type(binary, binary.elements(type_)[0])
    if kind == "slice":
        element = binary.kind(binary.elements(type_)[0])
        return "bytes" if element == "uint8" else "strings"
    return SCALARS.get(kind, "int")


def closure(found: dict[str, dict[str, str]], names: list[str]) -> set[str]:
    """The messages named, and all that their fields are made of."""
    waiting, seen = names, set[str]()
    while waiting:
        name = waiting.pop()
        if name in found and name not in seen:
            seen.add(name)
            waiting += [text.rpartition(" ")[2] for text in found[name].values()]
    return seen


def main(target: str, *sources: str) -> None:
    found: dict[str, dict[str, str]] = {}
    for source in sources:
        binary = Binary(Path(source).read_bytes())
        for type_ in binary.structs():
            if binary.package(type_).startswith(ROOTS):
                found.setdefault(message_name(binary, type_), message(binary, type_))
    for name, fields in NEWER.items():
        found[name] = fields | found.get(name, {})
    served = closure(found, [*definitions().raw, f"{META}WatchEvent", f"{META}PartialObjectMetadataList"])
    rows = [f"{json.dumps(name)}:{json.dumps(found[name], separators=(',', ':'))}" for name in sorted(served)]
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
