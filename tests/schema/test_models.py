"""Models written from a definition give that definition back."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from kubewright.objects import from_dict, to_dict
from kubewright.schema.crd import crd
from kubewright.schema.models import models

GOLDENS = sorted((Path(__file__).parent / "goldens").glob("*.yaml"))


def load(text: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path.write_text(text)
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, path.stem, module)
    exec(compile(text, path, "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda path: str(path.stem))
def test_the_models_publish_the_definition_they_come_from(
    golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = yaml.safe_load(golden.read_text())
    module = load(models(definition), tmp_path / f"models_{golden.stem}.py", monkeypatch)
    definition["spec"]["versions"] = [version for version in definition["spec"]["versions"] if version["served"]]
    classes = [one for one in vars(module).values() if isinstance(one, type) and hasattr(one, "definition")]
    made = to_dict(crd(*classes))
    if golden.stem == "cronjob":
        definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["required"] = ["schedule"]
    assert made == definition


def definition(spec: dict[str, Any], **version: Any) -> dict[str, Any]:
    root = {"type": "object", "properties": {"spec": spec, "status": {"type": "object", "properties": {}}}}
    return {
        "spec": {
            "group": "example.com",
            "names": {"kind": "Thing", "plural": "things"},
            "scope": "Cluster",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": root},
                    **version,
                }
            ],
        }
    }


def test_names_that_python_reserves_are_kept_in_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = {
        "type": "object",
        "description": 'The "spec".',
        "properties": {
            "from": {"type": "string", "description": "Where from."},
            "clusterIPs": {"type": "array", "items": {"type": "string", "minLength": 1}},
            "x-odd": {"type": "number", "default": 0.5},
            "either": {
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
            },
            "any": {"x-kubernetes-preserve-unknown-fields": True},
            "nested": {
                "type": "object",
                "default": {},
                "properties": {"level": {"type": "integer", "default": 3, "minimum": 1, "exclusiveMinimum": True}},
                "x-kubernetes-validations": [{"rule": "!has(self.level) || self.level < 9", "message": "too deep"}],
            },
        },
    }
    text = models(definition(spec))
    module = load(text, tmp_path / "models_names.py", monkeypatch)
    thing = from_dict(
        module.Thing,
        {"spec": {"from": "a", "clusterIPs": ["b"], "x-odd": 1.5, "any": {"x": 1}, "nested": {"level": 2}}},
    )
    assert (thing.spec.from_, thing.spec.cluster_ips, thing.spec.x_odd) == ("a", ["b"], 1.5)
    made = to_dict(crd(module.Thing))["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert made["properties"]["spec"] == spec
