from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kubewright.cli import Failure
from kubewright.cli.crd import app

GOLDENS = Path(__file__).parents[1] / "schema" / "goldens"
MEMCACHED = GOLDENS / "memcached.yaml"


@pytest.fixture
def tightened(tmp_path: Path) -> Path:
    path = tmp_path / "memcached.yaml"
    path.write_text(MEMCACHED.read_text().replace("maximum: 3", "maximum: 2"))
    return path


def test_equal_definitions_pass() -> None:
    result = CliRunner().invoke(app, ["diff", str(MEMCACHED), str(MEMCACHED)])
    assert (result.exit_code, result.stdout) == (0, "no changes\n")


def test_a_tightened_rule_fails(tightened: Path) -> None:
    result = CliRunner().invoke(app, ["diff", str(MEMCACHED), str(tightened)])
    assert result.exit_code == 1
    assert "maximum changed from 3 to 2" in result.stdout
    assert "stored objects" in result.stdout
    assert CliRunner().invoke(app, ["diff", str(tightened), str(MEMCACHED)]).exit_code == 0


def test_definitions_may_come_from_standard_input(tightened: Path) -> None:
    result = CliRunner().invoke(app, ["diff", "-", str(tightened)], input=MEMCACHED.read_text())
    assert result.exit_code == 1


def test_a_removed_definition_fails() -> None:
    result = CliRunner().invoke(app, ["diff", str(GOLDENS), str(MEMCACHED)])
    assert result.exit_code == 1
    assert result.stdout.count("it is gone") == len(list(GOLDENS.glob("*.yaml"))) - 1


def test_check_names_what_the_server_would_refuse(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["check", str(GOLDENS)]).exit_code == 0
    broken = tmp_path / "broken.yaml"
    broken.write_text(MEMCACHED.read_text().replace("minimum: 1", "minimum: 1\n                default: 7"))
    result = CliRunner().invoke(app, ["check", str(broken)])
    assert result.exit_code == 1
    assert "memcacheds.cache.example.com: spec.versions[0].schema.openAPIV3Schema" in result.stdout


@pytest.mark.parametrize("path", ["nowhere.yaml", str(Path(__file__).parent)])
def test_without_definitions_the_command_says_so(path: str) -> None:
    result = CliRunner().invoke(app, ["check", path])
    assert path in str(result.exception)


def test_programs_get_the_changes_as_data(tightened: Path) -> None:
    result = CliRunner().invoke(app, ["diff", str(MEMCACHED), str(tightened), "-o", "json"])
    (change,) = json.loads(result.stdout)
    assert change["definition"] == "memcacheds.cache.example.com"
    assert change["breaks"] == "stored objects"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1", "only apiextensions.k8s.io/v1 can be read"),
        ("openAPIV3Schema:", "anything:", "has no spec.versions[0].schema.openAPIV3Schema"),
        ("  versions:", "  sversions:", "has no spec.versions"),
        ("served: true", "served: 3", "is no CustomResourceDefinition"),
    ],
)
def test_what_is_no_definition_is_named(old: str, new: str, words: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(MEMCACHED.read_text().replace(old, new))
    for command in (["check", str(broken)], ["diff", str(MEMCACHED), str(broken)]):
        result = CliRunner().invoke(app, command)
        assert isinstance(result.exception, Failure)
        assert f"{broken}: CustomResourceDefinition/memcacheds.cache.example.com" in str(result.exception)
        assert words in str(result.exception)
