from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from kubewright.ansible.definitions import crd_of, defaults_schema, options_schema, read_definitions
from kubewright.ansible.watches import Play, Watch
from kubewright.objects import to_dict
from kubewright.objects.names import GroupVersionKind

OPEN = {"x-kubernetes-preserve-unknown-fields": True}


def watch(role: Path) -> Watch:
    return Watch(kind=GroupVersionKind("web.example.com", "v1", "WebSite"), play=Play(role=str(role)))


def spec_of(role: Path) -> Any:
    [version] = to_dict(crd_of(watch(role)))["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]["properties"]["spec"]


def test_a_definition_has_the_kinds_names_a_status_and_columns(tmp_path: Path) -> None:
    crd = to_dict(crd_of(watch(tmp_path)))
    assert crd["metadata"]["name"] == "websites.web.example.com"
    assert crd["spec"]["names"]["plural"] == "websites" and crd["spec"]["scope"] == "Namespaced"
    [version] = crd["spec"]["versions"]
    assert version["subresources"] == {"status": {}}
    assert [column["name"] for column in version["additionalPrinterColumns"]] == ["Ready", "Reason", "Age"]


def test_a_role_that_says_nothing_takes_everything(tmp_path: Path) -> None:
    assert spec_of(tmp_path)["x-kubernetes-preserve-unknown-fields"] is True


def test_argument_specs_become_a_strict_schema(tmp_path: Path) -> None:
    (tmp_path / "meta").mkdir()
    options = {
        "replica_count": {"type": "int", "description": "How many.", "required": True},
        "tier": {"choices": ["small", "big"], "description": ["One.", "Two."]},
        "hosts": {"type": "list", "elements": "dict", "options": {"host_name": {"required": True}}},
        "labels": {"type": "dict"},
        "anything": {"type": "raw"},
        "_private": {},
    }
    text = yaml.safe_dump({"argument_specs": {"main": {"options": options}}})
    (tmp_path / "meta/argument_specs.yml").write_text(text)
    spec = spec_of(tmp_path)
    assert "x-kubernetes-preserve-unknown-fields" not in spec
    assert spec["required"] == ["replicaCount"]
    assert spec["properties"] == {
        "replicaCount": {"type": "integer", "description": "How many."},
        "tier": {"type": "string", "enum": ["small", "big"], "description": "One. Two."},
        "hosts": {
            "type": "array",
            "items": {"type": "object", "properties": {"hostName": {"type": "string"}}, "required": ["hostName"]},
        },
        "labels": {"type": "object", **OPEN},
        "anything": OPEN,
    }


def test_defaults_tell_the_types_of_what_they_name() -> None:
    defaults = {"size": 3, "ratio": 0.5, "on": True, "image_name": "nginx", "env": [], "extra": {}, "host": "{{ x }}.y"}
    assert defaults_schema(defaults, camel=True) == {
        "type": "object",
        **OPEN,
        "properties": {
            "size": {"type": "integer"},
            "ratio": {"type": "number"},
            "on": {"type": "boolean"},
            "imageName": {"type": "string"},
            "env": {"type": "array", "items": OPEN},
            "extra": {"type": "object", **OPEN},
            "host": OPEN,
        },
    }


def test_a_name_that_would_come_back_otherwise_stays_as_it_is() -> None:
    assert list(options_schema({"base_url": {}, "k8s_2x": {}, "_x": {}}, camel=True)["properties"]) == [
        "baseURL",
        "k8s_2x",
    ]
    assert list(options_schema({"base_url": {}}, camel=False)["properties"]) == ["base_url"]


def test_definitions_in_the_projects_folders_count_unless_they_were_generated(tmp_path: Path) -> None:
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "as.x.io"},
        "spec": {"group": "x.io", "names": {"kind": "A", "plural": "as"}, "scope": "Cluster", "versions": []},
    }
    (tmp_path / "config/crd/bases").mkdir(parents=True)
    (tmp_path / "config/crd/bases/x.io_as.yaml").write_text(yaml.safe_dump(crd))
    (tmp_path / "config/crd/kustomization.yaml").write_text("resources: [bases/x.io_as.yaml]\n")
    (tmp_path / "config/crd/made.yaml").write_text("# Written by `kubewright generate`\n" + yaml.safe_dump(crd))
    [found] = read_definitions(tmp_path)
    assert found.spec.names.kind == "A" and found.spec.scope == "Cluster"
