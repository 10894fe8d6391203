"""The generated modules as a whole: each imports, decodes and knows its names."""

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import kubewright.objects
from kubewright.objects import Object, from_json, to_json

MODULES = [name for _, name, _ in pkgutil.iter_modules(kubewright.objects.__path__) if "_v" in name]
KINDS = [
    kind
    for module in MODULES
    for kind in vars(importlib.import_module(f"kubewright.objects.{module}")).values()
    if isinstance(kind, type) and issubclass(kind, Object) and kind is not Object and kind.__module__.endswith(module)
]


def test_every_stable_group_has_a_module() -> None:
    assert {"core_v1", "apps_v1", "batch_v1", "autoscaling_v2", "rbac_v1", "apiextensions_v1"} <= set(MODULES)
    assert len(KINDS) > 60


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.gvk))
def test_every_kind_round_trips_empty(kind: type[Object]) -> None:
    written = msgspec.json.decode(to_json(kind()))
    assert (written["apiVersion"], written["kind"]) == (kind.gvk.api_version, kind.gvk.kind)
    assert not written.keys() & {"metadata", "spec", "status"}
    assert from_json(kind, b"{}") == kind()


def test_irregular_plurals_and_scopes() -> None:
    names = {kind.gvk.kind: (kind.plural, kind.namespaced) for kind in KINDS}
    assert names["Endpoints"] == ("endpoints", True)
    assert names["NetworkPolicy"] == ("networkpolicies", True)
    assert names["IngressClass"] == ("ingressclasses", False)
    assert names["Namespace"] == ("namespaces", False)


def test_one_group_does_not_import_the_others() -> None:
    code = "import sys, kubewright.objects.rbac_v1; print([m for m in sys.modules if '_v' in m and 'kubewright' in m])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "['kubewright.objects.rbac_v1']"


def test_the_committed_modules_are_what_the_generator_writes() -> None:
    tool = Path(__file__).parents[2] / "tools" / "generate_objects.py"
    subprocess.run([sys.executable, str(tool), "--check"], check=True)
