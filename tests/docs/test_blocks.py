"""What the documentation shows is true: Python type-checks and runs, commands exist, links lead somewhere."""

from __future__ import annotations

import inspect
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.docs.blocks import ROOT, Block, blocks, excerpts, load_module, name, pages, python_pages, write_module
from tests.warm import environment
from typer import BadParameter
from typer.main import get_command

from kubewright.cli import application
from kubewright.testing import TestCluster

_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


@pytest.mark.parametrize("page", python_pages(), ids=name)
async def test_the_python_of_a_page_runs_and_its_tests_pass(page: Path, tmp_path: Path, cluster: TestCluster) -> None:
    module = load_module(page, tmp_path)
    for title, function in list(vars(module).items()):
        if title.startswith("test_"):
            outcome = function(*([cluster] if inspect.signature(function).parameters else []))
            if inspect.isawaitable(outcome):
                await outcome


@pytest.mark.timeout(300)  # a cold mypy on a busy machine
def test_the_python_of_all_pages_type_checks(tmp_path: Path) -> None:
    modules = [str(write_module(page, tmp_path)) for page in python_pages()]
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), *modules]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr


def commands(block: Block) -> list[tuple[int, list[str]]]:
    """The calls of kubewright in a block, by line: without comments, pipes and what follows them."""
    found = []
    text = block.text.replace("\\\n", "  ")
    for number, line in enumerate(text.splitlines()):
        for part in re.split(r"&&|\||;|\$\(|\)", line.partition(" #")[0].removeprefix("$ ")):
            if re.match(r"\S*\bkubewright\s", part := part.strip()):
                words = shlex.split(re.sub(r"[<>]+\s*\S+", "", part.removesuffix(" &")))
                found.append((block.line + number, words[1:]))
    return found


def every_command() -> list[Any]:
    return [
        pytest.param(words, id=f"{name(page)}:{line}")
        for page in pages()
        for block in blocks(page, "", "sh", "shell", "bash", "console")
        for line, words in commands(block)
    ]


@pytest.mark.parametrize("words", every_command())
def test_a_command_that_a_page_shows_exists_and_has_these_options(words: list[str]) -> None:
    chosen = next((word for word in words if not word.startswith("-")), "")
    command: Any = get_command(application(chosen))
    rest, path = words, "kubewright"
    while hasattr(command, "commands") and rest and rest[0] in command.commands:
        command, path, rest = command.commands[rest[0]], f"{path} {rest[0]}", rest[1:]
    if "--help" not in rest and "--version" not in rest:
        try:
            command.make_context(path, list(rest))
        except BadParameter as error:  # the file that a command is given is the reader's
            assert "does not exist" in error.format_message()


def scripts() -> list[Path]:
    return [page for page in pages() if any(blocks(page, "sh"))]


@pytest.mark.parametrize("page", scripts(), ids=name)
def test_the_scripts_of_a_page_run(page: Path, tmp_path: Path) -> None:
    """All in one shell and one folder: what one block makes, the next one uses; Python blocks that start with a
    comment that names a file are written to it."""
    for block in blocks(page, "python", "yaml"):
        if match := re.match(r"# (\S+\.(?:py|yaml))\n", block.text):
            (tmp_path / match[1]).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / match[1]).write_text(block.text)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    leave = "trap 'kill $(jobs -p) 2>/dev/null || true; kubewright cluster stop >/dev/null 2>&1 || true' EXIT"
    script = "\n".join(["set -eu", leave, *(block.text for block in blocks(page, "sh"))])
    variables = {"PATH": environment()["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=55
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", [page for page in pages() if any(excerpts(page))], ids=name)
def test_the_excerpts_of_a_page_are_what_the_file_says(page: Path) -> None:
    for file, text in excerpts(page):
        for function in text.strip().split("\n\n\n"):
            assert function in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", pages(), ids=name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    missing = [link for link in _LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert not missing
