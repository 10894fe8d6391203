"""Read from a Go program how the Kubernetes API types encode their zero values, and write what the server needs of it.

A schema does not tell whether a Go field is a pointer or carries ``omitempty``, yet that decides whether ``0`` is
dropped, or an absent struct appears as ``{}``.  Any Go binary that links k8s.io/api (kubectl, helm) has it in its
run-time type data: this walks the ELF file's ``.typelink`` section and the ``internal/abi`` type descriptors.

    python tools/go_shapes.py HELM_BINARY src/kubewright/apiserver/registry/builtin/go_shapes.json
"""

from __future__ import annotations

import json
import re
import struct
import sys
from pathlib import Path
from typing import NamedTuple

from kubewright.apiserver.registry.builtin.definitions import definitions

KINDS = {
    1: "bool", 3: "int8", 4: "int16", 5: "int32", 6: "int64", 2: "int", 7: "uint", 8: "uint8", 9: "uint16",
    10: "uint32", 11: "uint64", 13: "float32", 14: "float64", 17: "array", 20: "interface", 21: "map", 22: "pointer",
    23: "slice", 24: "string", 25: "struct",
}  # fmt: skip
UNCOMMON_OFFSET = {"struct": 80}
HEADER = 48
"""The size of ``abi.Type``, after which the fields of each kind begin."""

SCALARS = {"string": "S", "bool": "B", "float64": "I"} | {name: "I" for name in KINDS.values() if "int" in name[:4]}
NULLS = {"Time", "MicroTime", "RawExtension", "JSON"}
ROOTS = ("k8s.io/api/", "k8s.io/apimachinery/", "k8s.io/apiextensions-apiserver/")

AGGREGATOR = {
    # k8s.io/kube-aggregator is linked into neither program; from its pkg/apis/apiregistration/v1/types.go.
    "APIService": {"spec": "O", "status": "O", "metadata": "O"},
    "APIServiceSpec": {
        "group": "z",
        "version": "z",
        "insecureSkipTLSVerify": "z",
        "groupPriorityMinimum": "I",
        "versionPriority": "I",
    },
    "APIServiceCondition": {"type": "S", "status": "S", "lastTransitionTime": "N", "reason": "z", "message": "z"},
    "ServiceReference": {"namespace": "z", "name": "z"},
}


class Field(NamedTuple):
    name: str
    tag: str
    embedded: bool
    type: int


class Binary:
    """The type descriptors of one Go program."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.sections = self._sections()
        self.types = self.sections[".rodata"][0]

    def _sections(self) -> dict[str, tuple[int, int, int]]:
        start, count, names = (
            struct.unpack_from("<Q", self.data, 0x28)[0],
            struct.unpack_from("<H", self.data, 0x3C)[0],
            struct.unpack_from("<H", self.data, 0x3E)[0],
        )
        headers = [struct.unpack_from("<IIQQQQIIQQ", self.data, start + 64 * i) for i in range(count)]
        base = headers[names][4]
        found = {}
        for header in headers:
            name = self.data[base + header[0] : self.data.index(b"\0", base + header[0])].decode()
            if header[3] and not name.endswith("bss"):
                found[name] = (header[3], header[4], header[5])
        return found

    def offset(self, address: int) -> int:
        for start, offset, size in self.sections.values():
            if start <= address < start + size:
                return offset + address - start
        raise ValueError(f"{address:#x} lies in no section")

    def pointer(self, address: int) -> int:
        return int(struct.unpack_from("<Q", self.data, self.offset(address))[0])

    def relative(self, address: int) -> int:
        """A ``NameOff`` or ``TypeOff`` made absolute."""
        return self.types + int(struct.unpack_from("<i", self.data, self.offset(address))[0])

    def name(self, address: int) -> tuple[str, str, bool]:
        """An ``abi.Name``: text, struct tag, whether it is an embedded field."""
        at = self.offset(address)
        flags = self.data[at]
        text, at = self._text(at + 1)
        tag = self._text(at)[0] if flags & 2 else ""
        return text, tag, bool(flags & 8)

    def _text(self, at: int) -> tuple[str, int]:
        length = shift = 0
        while True:
            byte = self.data[at]
            at += 1
            length |= (byte & 127) << shift
            shift += 7
            if not byte & 128:
                return self.data[at : at + length].decode("utf-8", "replace"), at + length

    def kind(self, type_: int) -> str:
        return KINDS.get(self.data[self.offset(type_) + 23] & 31, "other")

    def type_name(self, type_: int) -> str:
        extra_star = self.data[self.offset(type_) + 20] & 2
        text = self.name(self.relative(type_ + 40))[0]
        return (text[1:] if extra_star else text).rpartition(".")[2]

    def package(self, type_: int) -> str:
        if not self.data[self.offset(type_) + 20] & 1:
            return ""
        at = self.relative(type_ + UNCOMMON_OFFSET[self.kind(type_)])
        return "" if at == self.types else self.name(at)[0]

    def elements(self, type_: int) -> list[int]:
        match self.kind(type_):
            case "pointer" | "slice" | "array":
                return [self.pointer(type_ + HEADER)]
            case "map":
                return [self.pointer(type_ + HEADER), self.pointer(type_ + HEADER + 8)]
            case "struct":
                return [field.type for field in self.fields(type_)]
        return []

    def fields(self, type_: int) -> list[Field]:
        start, count = self.pointer(type_ + HEADER + 8), self.pointer(type_ + HEADER + 16)
        return [
            Field(*self.name(self.pointer(at)), self.pointer(at + 8)) for at in range(start, start + 24 * count, 24)
        ]

    def structs(self) -> list[int]:
        """Every struct type that reflection can reach."""
        _, offset, size = self.sections[".typelink"]
        waiting = [self.types + link[0] for link in struct.iter_unpack("<i", self.data[offset : offset + size])]
        seen: set[int] = set()
        while waiting:
            type_ = waiting.pop()
            if type_ not in seen:
                seen.add(type_)
                waiting += self.elements(type_)
        return [type_ for type_ in sorted(seen) if self.kind(type_) == "struct"]


def shape(binary: Binary, type_: int) -> dict[str, str]:
    """The fields of a struct that schema and JSON alone do not explain, with a letter for each (`shape.py`)."""
    found: dict[str, str] = {}
    for field in binary.fields(type_):
        matched = re.search(r'json:"([^"]*)"', field.tag)
        name, *options = (matched.group(1) if matched else field.name).split(",")
        if name == "-":
            continue
        if field.embedded and not name:
            if binary.type_name(field.type) != "TypeMeta":
                found |= shape(binary, field.type)
            continue
        if letter := _letter(binary, field.type, options):
            found[name] = letter
    return found


def _letter(binary: Binary, type_: int, options: list[str]) -> str:
    kind = binary.kind(type_)
    name = binary.type_name(type_)
    if kind in SCALARS:
        return "z" if "omitempty" in options else SCALARS[kind]
    if kind == "struct":
        if "omitzero" in options:
            return "o"
        if name in NULLS:
            return "N"
        return {"Quantity": "Q", "IntOrString": "I", "Duration": "D"}.get(name, "O")
    return "" if "omitempty" in options else "N"


def main(source: str, target: str) -> None:
    binary = Binary(Path(source).read_bytes())
    found = {f"io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.{name}": rows for name, rows in AGGREGATOR.items()}
    for type_ in binary.structs():
        package = binary.package(type_)
        if package.startswith(ROOTS):
            name = f"io.k8s.{package.removeprefix('k8s.io/').replace('/', '.')}.{binary.type_name(type_)}"
            if name in definitions() and (letters := shape(binary, type_)):
                found[name] = letters
    rows = [f"{json.dumps(name)}:{json.dumps(found[name], separators=(',', ':'))}" for name in sorted(found)]
    Path(target).write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
