"""Pages name only commands and options that there are."""

import re
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from kubewright.cli import COMMANDS, application

PAGES = sorted(Path("docs").rglob("*.md"))
MENTION = re.compile(r"kubewright ((?:[a-z][a-z-]+ ?)+)((?:(?:--?[a-z-]+|[A-Z./\w-]+)[ ]?)*)")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    wrong = []
    for line in _code(page.read_text()):
        for words, options in MENTION.findall(line):
            if complaint := _complaint(words.split(), re.findall(r"--[a-z-]+", options)):
                wrong.append(f"{line.strip()}: {complaint}")
    assert wrong == []


def _code(text: str) -> list[str]:
    """What stands in backticks and in blocks of commands."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    rest = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines()] + re.findall(r"`(kubewright [^`]+)`", rest)


def _complaint(words: list[str], options: list[str]) -> str:
    name, *rest = words
    if name not in COMMANDS:
        return f"there is no command {name}"
    group = get_command(application(name))
    assert isinstance(group, TyperGroup)
    command = group.commands[name]
    if isinstance(command, TyperGroup) and rest:
        if rest[0] not in command.commands:
            return f"{name} has no {rest[0]}"
        command = command.commands[rest[0]]
    known = {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}
    return ", ".join(f"no option {option}" for option in options if option not in {*known, "--help"})
