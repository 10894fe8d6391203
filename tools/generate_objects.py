"""Write `kubewright/objects/GROUP_VERSION.py` for the stable built-in API groups.

In goes kubernetes-validate's ``_definitions.json`` (names and types; no prose is copied), out come Python modules of
msgspec structs.  Run by ``make generate``; the result is committed, and running it again changes nothing.
"""

from __future__ import annotations

import argparse
import json
import keyword
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

VERSION = "1.37.0"
BEFORE = "1.36.0"
TARGET = Path(__file__).parent.parent / "src" / "kubewright" / "objects"
META = "io.k8s.apimachinery.pkg.apis.meta.v1."

# Types written by hand, or that are plain JSON: definition -> (Python type, module that has it).
KNOWN = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ("Quantity", "quantity"),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ("IntOrString", "meta"),
    "io.k8s.apimachinery.pkg.runtime.RawExtension": ("RawExtension", "meta"),
    f"{META}Time": ("Time", "time"),
    f"{META}MicroTime": ("MicroTime", "time"),
}
KNOWN_META = (
    "Condition",
    "DeleteOptions",
    "FieldSelectorRequirement",
    "GroupResource",
    "LabelSelector",
    "LabelSelectorRequirement",
    "ListMeta",
    "ObjectMeta",
)
KNOWN |= {f"{META}{name}": (name, "meta") for name in KNOWN_META}
APIEXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
KNOWN[f"{APIEXTENSIONS}JSON"] = ("JSON", "meta")
# A schema stays JSON: `kubewright.schema` reads and writes it.
KNOWN[f"{APIEXTENSIONS}JSONSchemaProps"] = ("RawExtension", "meta")
UNUSED = re.compile(re.escape(APIEXTENSIONS) + r"(JSON|ExternalDocumentation|ValidationRule)")

SPINE = {"metadata", "spec", "status", "template"}
SCALARS = {"string": "str", "boolean": "bool", "integer": "int", "number": "float"}
ZEROS = {"str": '""', "bool": "False", "int": "0", "float": "0.0", "bytes": 'b""'}

CLUSTER_SCOPED = {
    "APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding",
    "ClusterTrustBundle", "ComponentStatus", "CustomResourceDefinition", "DeviceClass", "DeviceTaintRule", "FlowSchema",
    "IPAddress", "IngressClass", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume", "PriorityClass",
    "PriorityLevelConfiguration", "ResourceSlice", "RuntimeClass", "SelfSubjectAccessReview", "SelfSubjectReview",
    "SelfSubjectRulesReview", "ServiceCIDR", "StorageClass", "StorageVersionMigration", "SubjectAccessReview",
    "TokenReview", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
    "VolumeAttachment", "VolumeAttributesClass",
}  # fmt: skip
PLURALS = {"Endpoints": "endpoints", "TokenRequest": "serviceaccounts/token", "Eviction": "pods/eviction"}

Schema = dict[str, Any]


def load() -> dict[str, Schema]:
    """The newest definitions; what the version before required stays required."""
    definitions, before = _read(VERSION), _read(BEFORE)
    for name, schema in definitions.items():
        schema["required"] = {*schema.get("required", ()), *before.get(name, {}).get("required", ())}
    return definitions


def _read(version: str) -> dict[str, Schema]:
    folder = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{version}-local"
    definitions: dict[str, Schema] = json.loads((folder / "_definitions.json").read_text())["$defs"]
    return definitions


def module_of(definition: str) -> str | None:
    """The module that a definition belongs in (``apps_v1``), if it is of a stable group."""
    found = re.match(r"io\.k8s\.(?:api|.*\.pkg\.apis)\.([a-z]+)\.(v\d+)\.[A-Za-z]+$", definition)
    if found is None or found[1] == "meta" or definition in KNOWN or UNUSED.match(definition):
        return None
    return f"{found[1]}_{found[2]}"


def snake(name: str) -> str:
    """``clusterIPs`` -> ``cluster_ips``; an acronym's plural stays one word."""
    words = name.replace("APIV3", "ApiV3")
    words = re.sub(r"([A-Z]{2,})s(?=[A-Z]|$)", lambda m: f"_{m[1].lower()}s_", words)
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words)
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", words)
    words = re.sub(r"_+", "_", words).strip("_").lower()
    return (
        f"{words}_" if keyword.iskeyword(words) or words in ("int", "bool", "str", "list", "dict", "bytes") else words
    )


def camel(name: str) -> str:
    """What msgspec's ``rename="camel"`` makes of an attribute's name."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def plural(kind: str) -> str:
    lower = kind.lower()
    if kind in PLURALS:
        return PLURALS[kind]
    if lower.endswith("y") and lower[-2] not in "aeiou":
        return f"{lower[:-1]}ies"
    return f"{lower}es" if lower.endswith(("s", "x", "ch", "sh")) else f"{lower}s"


class Module:
    """One module as it is written: what it imports, and its classes in dependency order."""

    def __init__(self, name: str, definitions: dict[str, Schema]) -> None:
        self.name = name
        self.definitions = definitions
        self.imports: dict[str, set[str]] = {}
        self.bodies: dict[str, str] = {}

    def render(self) -> str:
        for definition in sorted(self.definitions):
            if module_of(definition) == self.name and not definition.endswith("List"):
                self._add(definition)
        text = "".join(self.bodies.values())
        typing = ["ClassVar"] if "ClassVar[" in text else []
        lines = [f'"""Typed objects of {self.name.replace("_", " ")}; written by tools/generate_objects.py."""', ""]
        lines += ["from __future__ import annotations", ""]
        lines += [f"from typing import {', '.join(typing)}", ""] if typing else []
        lines += ["from msgspec import field", ""] if "field(" in text else []
        if "(Struct)" in text:
            self._import("Struct", "base")
        if "(Object)" in text:
            self._import("Object", "meta")
            self._import("GroupVersionKind", "names")
        for module, names in sorted(self.imports.items()):
            lines.append(_import_line(module, sorted(names)))
        return "\n".join(lines) + "\n" + text

    def _add(self, definition: str) -> None:
        name = definition.rpartition(".")[2]
        if name in self.bodies:
            return
        self.bodies[name] = ""  # holds the place against circles
        schema = self.definitions[definition]
        kinds = schema.get("x-kubernetes-group-version-kind", ())
        required = schema["required"]
        properties = schema.get("properties", {})
        fields = [
            self._field(json_name, properties[json_name], json_name in required)
            for json_name in sorted(properties)
            if not (kinds and json_name in ("apiVersion", "kind", "metadata"))
        ]
        head = [f"class {name}({'Object' if kinds else 'Struct'}):"]
        if kinds:
            group, version, kind = (kinds[0][part] for part in ("group", "version", "kind"))
            head.append(f'    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("{group}", "{version}", "{kind}")')
            head.append(f'    plural: ClassVar[str] = "{plural(kind)}"')
            if kind in CLUSTER_SCOPED:
                head.append("    namespaced: ClassVar[bool] = False")
            if fields:
                head.append("")
        body = head + fields if fields or kinds else [*head, "    pass"]
        del self.bodies[name]
        self.bodies[name] = "\n\n" + "\n".join(body) + "\n"

    def _field(self, json_name: str, schema: Schema, required: bool) -> str:
        attribute = snake(json_name)
        kind = self._type(schema)
        rename = "" if camel(attribute) == json_name else f', name="{json_name}"'
        if self._is_struct(schema) and (required or json_name in SPINE):
            return f"    {attribute}: {kind} = field(default_factory={kind}{rename})"
        if kind.startswith(("list[", "dict[")):
            default = "[]" if kind.startswith("list[") else "{}"
        elif required and kind in ZEROS:
            default = ZEROS[kind]
        elif required and kind == "IntOrString":
            default = "0"
        elif kind == "JSON":
            default = "None"
        else:
            kind, default = f"{kind} | None", "None"
        if rename:
            empty = {"[]": "default_factory=list", "{}": "default_factory=dict"}
            default = f"field({empty.get(default, f'default={default}')}{rename})"
        return f"    {attribute}: {kind} = {default}"

    def _is_struct(self, schema: Schema) -> bool:
        definition = _ref(schema)
        return (
            bool(definition) and "properties" in self.definitions[definition] and self._type(schema) != "RawExtension"
        )

    def _type(self, schema: Schema) -> str:
        definition = _ref(schema)
        if definition:
            return self._named(definition)
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next(one for one in kind if one != "null")
        if kind == "array":
            return f"list[{self._type(schema['items'])}]"
        if kind == "object":
            values = schema.get("additionalProperties")
            return f"dict[str, {self._type(values)}]" if values else self._named_known("RawExtension", "meta")
        if kind == "string" and schema.get("format") == "byte":
            return "bytes"
        return SCALARS[kind] if kind else self._named_known("JSON", "meta")

    def _named(self, definition: str) -> str:
        if definition in KNOWN:
            return self._named_known(*KNOWN[definition])
        if definition.startswith(APIEXTENSIONS + "JSONSchemaPropsOr"):
            return self._named_known("JSON", "meta")
        module, name = module_of(definition), definition.rpartition(".")[2]
        if "properties" not in self.definitions[definition]:
            return self._named_known("RawExtension", "meta")
        if module and module != self.name:
            self._import(name, module)
        else:  # a type of an alpha or beta group that a stable one uses has no module of its own
            self._add(definition)
        return name

    def _named_known(self, name: str, module: str) -> str:
        self._import(name, module)
        return name

    def _import(self, name: str, module: str) -> None:
        self.imports.setdefault(module, set()).add(name)


def _ref(schema: Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _import_line(module: str, names: list[str]) -> str:
    line = f"from kubewright.objects.{module} import {', '.join(names)}"
    if len(line) <= 120:
        return line
    return f"from kubewright.objects.{module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def render_all() -> dict[str, str]:
    """The text of every module, by file name."""
    definitions = load()
    names = sorted({name for definition in definitions if (name := module_of(definition))})
    return {f"{name}.py": Module(name, definitions).render() for name in names}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a module is stale")
    check = parser.parse_args().check
    stale = 0
    for name, text in render_all().items():
        path = TARGET / name
        if not path.exists() or path.read_text() != text:
            stale += 1
            print(f"{'stale' if check else 'wrote'} {path.name}")
            if not check:
                path.write_text(text)
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
