"""The top level of the command: help, version, completion, and what becomes of errors in a user's code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kubewright.cli import COMMANDS, application, main


def kubewright(*arguments: str, folder: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "COLUMNS": "100", **variables}
    command = [sys.executable, "-P", "-m", "kubewright", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"Usage: kubewright {name}" in capsys.readouterr().out


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith("kubewright 0.")


@pytest.mark.parametrize(
    ("command", "module", "extra"),
    [("init", "jinja2", "project"), ("check", "libcst", "project"), ("apiserver", "kubernetes_validate", "local")],
)
def test_a_command_that_lacks_its_extra_says_which(command: str, module: str, extra: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{module!r}] = None\n")  # as if not installed
    done = kubewright(command, "x", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"kubewright {command} needs the extra `{extra}`: pip install 'kubewright[{extra}]'" in done.stderr


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("kubewright unde", "undeploy"),
        ("kubewright cluster st", "start"),
        ("kubewright run --webhook-p", "--webhook-port"),
        ("kubewright completion z", "zsh"),
    ],
)
def test_bash_completes_commands_options_and_values(line: str, expected: str) -> None:
    place = str(len(line.split()) - 1)
    done = kubewright(_KUBEWRIGHT_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=place)
    assert expected in done.stdout.split(), done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_asks_this_command(shell: str) -> None:
    assert f"_KUBEWRIGHT_COMPLETE=complete_{shell}" in kubewright("completion", shell).stdout


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def x(:\n", ("operator.py cannot be loaded", "line 1", "SyntaxError")),
        ("import no_such_module\n", ("operator.py cannot be loaded", "line 1", "No module named 'no_such_module'")),
        ("from kubewright import Opertor\n", ("cannot import name 'Opertor'",)),
    ],
)
def test_an_error_in_the_users_code_is_shown_without_ours(tmp_path: Path, code: str, words: tuple[str, ...]) -> None:
    (tmp_path / "operator.py").write_text(code)
    done = kubewright("run", "operator.py", folder=tmp_path, HOME=str(tmp_path))
    assert done.returncode == 1
    assert all(word in done.stderr for word in words), done.stderr
    assert "typer" not in done.stderr and "cli/loading.py" not in done.stderr


def test_help_fits_a_narrow_terminal() -> None:
    assert max(map(len, kubewright("--help", COLUMNS="40").stdout.splitlines())) <= 40


def test_only_the_chosen_command_is_imported() -> None:
    assert {command.name for command in application("").registered_commands} == set(COMMANDS)
