"""Printing what was found, for people or for programs."""

import json
from collections.abc import Callable

import pytest
import yaml
from rich.console import Console

from kubewright.cli.output import Format, show

DATA = {"name": "café", "ready": True, "children": [{"kind": "Pod"}]}


def draw(console: Console) -> None:
    console.print("for people")


@pytest.mark.parametrize(("output", "read"), [(Format.json, json.loads), (Format.yaml, yaml.safe_load)])
def test_programs_get_the_data_and_nothing_else(
    output: Format, read: Callable[[str], object], capsys: pytest.CaptureFixture[str]
) -> None:
    show(DATA, output, draw)
    printed = capsys.readouterr()
    assert read(printed.out) == DATA
    assert printed.err == ""


def test_people_get_what_was_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    show(DATA, Format.text, draw)
    assert capsys.readouterr().out == "for people\n"


def test_a_pipe_is_wide(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    show(DATA, Format.text, lambda console: console.print("word " * 25))
    assert len(capsys.readouterr().out.splitlines()) == 1
