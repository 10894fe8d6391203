"""The process that ``kubewright apiserver`` starts, by the short way and by the long one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from typer.core import TyperGroup
from typer.main import get_command

from kubewright.apiserver.process import Settings
from kubewright.cli import application


def start(folder: Path, *flags: str, without: str = "") -> subprocess.Popen[str]:
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules[{without!r}] = None\n")  # as if not installed
    return subprocess.Popen(
        [sys.executable, "-m", "kubewright", "apiserver", "--data-dir", ":memory:", "--secure-port", "0", *flags],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
        env={"PYTHONPATH": str(folder), "COLUMNS": "100"},
    )  # fmt: skip


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    process.terminate()
    process.communicate(timeout=20)
    return line


def test_every_flag_is_a_setting() -> None:
    group = get_command(application("apiserver"))
    assert isinstance(group, TyperGroup)
    flags = {flag.removeprefix("--") for parameter in group.commands["apiserver"].params for flag in parameter.opts}
    assert flags == {field.encode_name for field in msgspec.structs.fields(Settings)}


def test_a_plain_call_does_without_the_library_of_the_command_line(tmp_path: Path) -> None:
    process = start(tmp_path, "--write-kubeconfig", "kubeconfig", without="typer")
    assert first_line(process).startswith("ready https://127.0.0.1:")
    assert (tmp_path / "kubeconfig").stat().st_mode & 0o077 == 0


def test_it_stops_in_order_even_when_it_has_only_just_become_ready(tmp_path: Path) -> None:
    process = start(tmp_path)
    first_line(process)
    assert process.returncode == 0


def test_flags_can_be_written_in_any_way(tmp_path: Path) -> None:
    assert first_line(start(tmp_path, "--authorization-mode=AlwaysAllow")).startswith("ready ")


@pytest.mark.parametrize(
    ("flags", "status", "words"),
    [
        (("--secure-port", "x"), 2, "Invalid value for '--secure-port'"),
        (("--authorization-mode", "ABAC"), 2, "RBAC and AlwaysAllow are known"),
        (("--etcd-certfile", "cert"), 2, "needs --etcd-keyfile"),
        (("--nonsense", "1"), 2, "No such option: --nonsense"),
        (("--event-ttl", "5x"), 1, 'error: --event-ttl: time: invalid duration "5x"'),
        (("--token-auth-file", "missing.csv"), 1, "error: missing.csv: No such file or directory"),
    ],
)
def test_what_is_wrong_is_explained(tmp_path: Path, flags: tuple[str, ...], status: int, words: str) -> None:
    process = start(tmp_path, *flags)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, "Traceback" in errors) == (status, False)
    assert words in errors
