from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kubewright.cli import main

GOLDENS = str(Path(__file__).parents[1] / "schema" / "goldens")

VALID = """\
apiVersion: cache.example.com/v1alpha1
kind: Memcached
metadata: {name: small}
spec: {size: 2}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {date: 2026-01-02}}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}, creationTimestamp: null}
    spec: {containers: [{name: c, image: i, resources: {limits: {cpu: 2}}}]}
"""


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def command(text: str, *arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        with pytest.raises(SystemExit) as ended:
            main(["validate", "-", "--crds", GOLDENS, *arguments])
        assert isinstance(ended.value.code, int)
        return ended.value.code, capsys.readouterr().out

    return command


def test_valid_objects_pass(run: Run) -> None:
    code, output = run(VALID)
    assert output == "standard input: Memcached/small: ok\nstandard input: Deployment/web: ok\n"
    assert code == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("size: 2", "size: 5", "spec.size: Invalid value: 5: spec.size in body should be less than or equal to 3"),
        ("size: 2", "sise: 2", "spec.sise: unknown field"),
        ("name: c,", "nane: c,", "spec.template.spec.containers[0].nane: unknown field"),
        ("name: small", "label: x", "metadata.name: Required value"),
        ("selector:", "replicas: three\n  selector:", "spec.replicas"),
    ],
)
def test_mistakes_are_named_by_their_path(run: Run, old: str, new: str, words: str) -> None:
    code, output = run(VALID.replace(old, new))
    assert words in output
    assert code == 1


def test_a_kind_without_schema_fails_unless_skipped(run: Run) -> None:
    text = "{apiVersion: x.io/v1, kind: X, metadata: {name: a}}"
    assert run(text) == (1, "standard input: X/a: no schema for x.io/v1, Kind=X\n")
    assert run(text, "--skip-unknown")[0] == 0


def test_lists_are_taken_apart(run: Run) -> None:
    item = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}}"
    assert run(f"{{apiVersion: v1, kind: List, items: [{item}]}}") == (0, "standard input: ConfigMap/a: ok\n")


def test_definitions_may_come_from_the_operators_code(run: Run, workspace: Path) -> None:
    text = "{apiVersion: web.example.com/v1, kind: Site, metadata: {name: a}, spec: {replicas: -1}}"
    code, output = run(text, "--operator", "operator.py")
    assert (code, "spec.replicas: Invalid value" in output) == (1, True)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xfe", "is no text in UTF-8"),
        (b"a: {b: 1, b: 2}", 'key "b" already set in map'),
        (b"a: .inf", "unsupported value: .inf"),
        (b"kind: List\nitems: [text]", "a Kubernetes object is a mapping, not str"),
    ],
)
def test_what_is_no_manifest_is_named(
    data: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "site.yaml"
    path.write_bytes(data)
    with pytest.raises(SystemExit) as ended:
        main(["validate", str(path)])
    assert ended.value.code == 1
    error = " ".join(capsys.readouterr().err.split())
    assert words in error
    assert "site.yaml" in error


def test_keys_are_texts_as_in_json(run: Run) -> None:
    code, output = run(VALID.replace("size: 2", "size: 2, 1: x, no: y"))
    assert code == 1
    assert "spec.1: unknown field" in output
    assert "spec.false: unknown field" in output


def test_a_merged_key_may_be_given_again(run: Run) -> None:
    code, _ = run(VALID.replace("{name: small}", "{<<: {name: big}, name: small}"))
    assert code == 0
