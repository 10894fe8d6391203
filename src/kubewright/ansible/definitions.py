"""The CustomResourceDefinitions of watched kinds: written by hand, or made from what a role says of its variables.

A role that has ``meta/argument_specs.yml`` describes its variables fully, so the schema is strict;
``defaults/main.yml`` tells names and types of some, so the schema has these and lets everything else through.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from kubewright.ansible.manifests import role_folders
from kubewright.ansible.snake_case import to_camel, to_snake
from kubewright.ansible.watches import Watch, WatchesError
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.codec import from_json
from kubewright.schema.plurals import pluralize

_FOLDERS = ("config/crd", "config/crd/bases", "crds")
_GENERATED = "Written by `kubewright generate`"
_SCALARS = {
    "str": "string",
    "path": "string",
    "bytes": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
}
_ANYTHING = {"x-kubernetes-preserve-unknown-fields": True}
_OPEN_OBJECT = {"type": "object", **_ANYTHING}
_SPEC_DESCRIPTION = "What is wanted: the role's variables."


def read_definitions(root: Path) -> list[CustomResourceDefinition]:
    """The definitions that somebody has written into a project's usual folders.

    :raises WatchesError: a file is no YAML.
    """
    found = []
    for folder in _FOLDERS:
        for path in sorted((root / folder).glob("*.yaml")):
            text = path.read_text()
            if _GENERATED in text[:200]:
                continue
            try:
                documents = [one for one in yaml.load_all(text, Loader=yaml.CSafeLoader) if isinstance(one, dict)]
            except yaml.YAMLError as error:
                raise WatchesError(f"{path} is no YAML: {error}") from None
            crds = (one for one in documents if one.get("kind") == "CustomResourceDefinition")
            found += [from_json(CustomResourceDefinition, msgspec.json.encode(crd)) for crd in crds]
    return found


def crd_of(watch: Watch) -> CustomResourceDefinition:
    """A definition for a kind that has none, from the role's own description of its variables.

    :raises WatchesError: the role's description is no YAML.
    """
    kind = watch.kind
    plural = pluralize(kind.kind)
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{kind.group}"},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": plural,
                "singular": kind.kind.lower(),
            },
            "versions": [_version(kind.version, _spec_schema(watch))],
        },
    }
    return from_json(CustomResourceDefinition, msgspec.json.encode(crd))


def _version(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    conditions = {"type": "array", "items": _OPEN_OBJECT}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": {
                "description": "What was found: conditions of the runs, and what the role writes with k8s_status.",
                **_OPEN_OBJECT,
                "properties": {"conditions": conditions},
            },
        },
    }
    if spec.get("required"):
        schema["required"] = ["spec"]
    return {
        "name": name,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [
            {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
            {"name": "Reason", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].reason'},
            {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        ],
    }


def _spec_schema(watch: Watch) -> dict[str, Any]:
    for folder in role_folders(watch.play):
        for name in ("meta/argument_specs.yml", "meta/argument_specs.yaml"):
            options = _read(folder / name).get("argument_specs", {}).get("main", {}).get("options")
            if options is not None:
                return {"description": _SPEC_DESCRIPTION, **options_schema(options, camel=watch.snake_case)}
        for name in ("defaults/main.yml", "defaults/main.yaml"):
            if defaults := _read(folder / name):
                return {"description": _SPEC_DESCRIPTION, **defaults_schema(defaults, camel=watch.snake_case)}
    return {"description": _SPEC_DESCRIPTION, **_OPEN_OBJECT}


def options_schema(options: Mapping[str, Any], *, camel: bool) -> dict[str, Any]:
    """The schema of an object with the options of an argument specification.

    :param camel: whether the object's names are in camel case, where the specification's are in snake case.
    """
    schema: dict[str, Any] = {"type": "object"}
    properties = {
        _name(name, camel): _option(option or {}, camel) for name, option in options.items() if name[0] != "_"
    }
    if properties:
        schema["properties"] = properties
    required = [_name(name, camel) for name, option in options.items() if (option or {}).get("required")]
    if required:
        schema["required"] = required
    return schema


def _option(option: Mapping[str, Any], camel: bool) -> dict[str, Any]:
    kind = option.get("type", "str")
    schema: dict[str, Any]
    if kind in _SCALARS:
        schema = {"type": _SCALARS[kind]}
    elif kind == "list":
        schema = {
            "type": "array",
            "items": _option({**option, "type": option.get("elements", "raw"), "description": ""}, camel),
        }
        schema["items"].pop("enum", None)
    elif kind == "dict" and option.get("options"):
        schema = options_schema(option["options"], camel=camel)
    else:
        schema = dict(_OPEN_OBJECT if kind == "dict" else _ANYTHING)
    description = option.get("description")
    if description:
        schema["description"] = " ".join(description) if isinstance(description, list) else str(description)
    if option.get("choices") and kind in _SCALARS:
        schema["enum"] = option["choices"]
    return schema


def defaults_schema(defaults: Mapping[str, Any], *, camel: bool) -> dict[str, Any]:
    """The schema of an object that has a role's defaults, as far as their values tell, and may have more."""
    names = {_name(name, camel): value for name, value in defaults.items() if name[0] != "_"}
    return {**_OPEN_OBJECT, "properties": {name: _by_value(value) for name, value in names.items()}}


def _by_value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float():
            return {"type": "number"}
        case str() if "{{" not in value:
            return {"type": "string"}
        case dict():
            return dict(_OPEN_OBJECT)
        case list():
            return {"type": "array", "items": dict(_ANYTHING)}
    return dict(_ANYTHING)


def _name(name: str, camel: bool) -> str:
    """The name in the object that becomes ``name`` as a variable."""
    wanted = to_camel(name) if camel else name
    return wanted if not camel or to_snake(wanted) == name else name


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise WatchesError(f"{path} is no YAML: {error}") from None
    return content if isinstance(content, dict) else {}
