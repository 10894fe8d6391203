"""kubectl as the tests drive it: a binary, a kubeconfig and a namespace of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BINARIES = {"system": shutil.which("kubectl", path="/usr/local/bin:/usr/bin"), "wheel": None}
"""The machine's kubectl, and the newest one, from its wheel."""

if (_wheel := Path(sys.executable).parent / "kubectl").exists():
    BINARIES["wheel"] = str(_wheel)


class Kubectl:
    """Runs one kubectl in one namespace; a command that fails where it should not fails the test with its output."""

    def __init__(self, binary: str, kubeconfig: Path, namespace: str, home: Path) -> None:
        self.binary = binary
        self.kubeconfig = kubeconfig
        self.namespace = namespace
        self.home = home

    def __call__(self, *arguments: str, input: str = "", env: Mapping[str, str] | None = None) -> str:
        """Standard output, then standard error, of a command that succeeds."""
        done = self._run(arguments, input, env or {})
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def fails(self, *arguments: str, input: str = "", code: int = 1) -> str:
        """The output of a command that fails."""
        done = self._run(arguments, input, {})
        assert done.returncode == code, f"kubectl {' '.join(arguments)}: {done.returncode} {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "-o", "json"))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command that goes on in the background; its output is line by line at hand."""
        return subprocess.Popen(
            self._command(arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self._env({})
        )

    def _run(self, arguments: tuple[str, ...], input: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        command = self._command(arguments)
        return subprocess.run(
            command, input=input, capture_output=True, text=True, check=False, timeout=50, env=self._env(env)
        )

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [self.binary, f"--namespace={self.namespace}", *arguments]

    def _env(self, more: Mapping[str, str]) -> dict[str, str]:
        # A home of its own: kubectl keeps there what it knows of servers.
        return {**os.environ, "HOME": str(self.home), "KUBECONFIG": str(self.kubeconfig), **more}
