"""kubebuilder's side of the external-plugin protocol, played as its Go code plays it, with the installed script."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.project.lifecycle import kubewright

from kubewright.project.settings import find_project


class Kubebuilder:
    """Runs a plug-in in a folder: the whole folder goes in, and every file of the answer is written."""

    def __init__(self, script: Path, folder: Path) -> None:
        self.script = script
        self.folder = folder

    def request(self, command: str, *args: str, universe: dict[str, str] | None = None) -> dict[str, Any]:
        request = {"apiVersion": "v1alpha1", "command": command, "args": args, "universe": universe or {}}
        request["pluginChain"] = ["python/v1"]
        done = subprocess.run(
            [self.script], input=json.dumps(request), cwd=self.folder, capture_output=True, text=True, check=True
        )
        answer: dict[str, Any] = json.loads(done.stdout)
        if answer["error"]:
            raise RuntimeError("\n".join(answer["errorMsgs"]))
        return answer

    def run(self, command: str, *args: str) -> list[str]:
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        universe = {str(path.relative_to(self.folder)): path.read_text(errors="replace") for path in files}
        written: dict[str, str] = self.request(command, *args, universe=universe)["universe"]
        for path, text in written.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text)
        return sorted(written)


@pytest.fixture
def kubebuilder(tmp_path: Path) -> Kubebuilder:
    kubewright(tmp_path, "kubebuilder-plugin", "--install", "--plugins", str(tmp_path / "plugins"))
    folder = tmp_path / "shop"
    folder.mkdir()
    return Kubebuilder(tmp_path / "plugins/python/v1/python", folder)


@pytest.mark.timeout(120)
def test_a_project_is_made_and_grows_by_kubebuilders_commands(kubebuilder: Kubebuilder) -> None:
    picture = kubebuilder.folder / "logo.png"
    picture.write_bytes(b"\x89PNG\xff\xfe")
    assert "pyproject.toml" in kubebuilder.run("init", "--plugins", "python/v1", "--domain", "example.com")
    assert kubebuilder.run(
        "create api", "--group", "sales", "--version", "v1", "--kind", "Order", "--resource", "--controller=true"
    ) == ["config/samples/order.yaml", "src/shop/operator.py", "src/shop/order.py", "tests/test_order.py"]
    kubebuilder.run(
        "create webhook", "--group", "sales", "--version", "v1", "--kind", "Order", "--defaulting=false",
        "--programmatic-validation",
    )  # fmt: skip
    module = (kubebuilder.folder / "src/shop/order.py").read_text()
    assert "@op.validate(Order)" in module and "@op.default" not in module
    assert kubebuilder.run("edit", "--namespaced") == ["pyproject.toml"]
    assert find_project(kubebuilder.folder).namespaced
    kubebuilder.run("edit", "--namespaced=false")
    assert not find_project(kubebuilder.folder).namespaced
    assert picture.read_bytes() == b"\x89PNG\xff\xfe"
    assert "up to date" in kubewright_generated(kubebuilder.folder)


def kubewright_generated(folder: Path) -> str:
    kubewright(folder, "generate", "all")
    return kubewright(folder, "check")


@pytest.mark.parametrize("subcommand", ["init", "edit", "api", "webhook"])
def test_flags_and_help_are_told_before_a_command_runs(kubebuilder: Kubebuilder, subcommand: str) -> None:
    flags = kubebuilder.request("flags", f"--{subcommand}")["flags"]
    assert {"name", "type", "default", "usage"} == set().union(*flags)
    assert (
        f"{subcommand} --plugins python/v1"
        in kubebuilder.request("metadata", f"--{subcommand}")["metadata"]["examples"]
    )


def test_what_cannot_be_done_is_said_in_the_answer(kubebuilder: Kubebuilder) -> None:
    with pytest.raises(RuntimeError, match="no kubewright project"):
        kubebuilder.run("create api", "--group", "sales", "--version", "v1", "--kind", "Order")
    with pytest.raises(RuntimeError, match="kubewright delete api"):
        kubebuilder.run("delete api", "--group", "sales", "--version", "v1", "--kind", "Order")
