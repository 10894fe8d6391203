"""The code in docs/custom-resources.md is what the page says it is."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from kubewright.objects import to_dict
from kubewright.schema.crd import crd

PAGE = Path(__file__).parents[2] / "docs" / "custom-resources.md"


def test_the_example_makes_a_definition(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    path = tmp_path / "example.py"
    path.write_text(code)
    module = ModuleType("custom_resources_example")
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(code, path, "exec"), module.__dict__)
    made = to_dict(crd(module.App))
    spec = made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert spec["description"] == "What to run, and how much of it."
    assert spec["required"] == ["region"]
    assert spec["properties"]["every"]["default"] == "5m0s"
    assert len(spec["x-kubernetes-validations"]) == 2
