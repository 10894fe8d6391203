"""Runs the same command again and again, anew whenever one of the operator's files changes.

A process of its own each time: nothing of the old code can linger.  The old one is asked to stop and drains first.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import typer

_LOOK = 0.3
"""Seconds between two looks at the files."""

_SOURCES = (".py", ".yaml", ".yml", ".tpl", ".j2")
_NOT_OURS = ("__pycache__", "node_modules", "site-packages")
_OUTPUT = ("config", "dist", "docs", "schemas", "tests")

Snapshot = Mapping[Path, int]


def run_with_reload(directory: Path, arguments: Sequence[str]) -> int:
    """Run ``kubewright`` with ``arguments`` until it is interrupted; returns its last exit status.

    :param directory: whose files are watched, with everything below.
    """
    # -P: the working directory must not be importable, or a file called operator.py would hide the standard module.
    command = [sys.executable, "-P", "-m", "kubewright", *arguments]
    while True:
        before = snapshot(directory)
        process = subprocess.Popen(command)
        try:
            changed = wait_for_change(directory, before, process)
        except KeyboardInterrupt:
            return process.wait()  # the terminal has interrupted it, too
        if not changed:
            typer.echo("the operator has ended; waiting for a change of its files", err=True)
            try:
                changed = wait_for_change(directory, before)
            except KeyboardInterrupt:
                return process.returncode
        typer.echo(f"{', '.join(changed)} changed: starting again", err=True)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait()


def snapshot(directory: Path) -> Snapshot:
    """When each file was written last: Python, watches, charts; hidden directories and environments do not count."""
    files: dict[Path, int] = {}
    for folder, below, names in os.walk(directory):
        # What is left out here is not looked into: an environment alone has ten thousand files.
        ignored = _OUTPUT if Path(folder) == directory else ()
        below[:] = [name for name in below if not name.startswith(".") and name not in (*_NOT_OURS, *ignored)]
        for name in names:
            if name.startswith(".") or not name.endswith(_SOURCES):
                continue
            path = Path(folder, name)
            with suppress(FileNotFoundError):
                files[path] = path.stat().st_mtime_ns
    return files


def wait_for_change(directory: Path, before: Snapshot, process: subprocess.Popen[bytes] | None = None) -> list[str]:
    """The names of the files that have changed; empty when the process ended first."""
    while process is None or process.poll() is None:
        now = snapshot(directory)
        changed = {path.name for path in before.keys() | now.keys() if before.get(path) != now.get(path)}
        if changed:
            return sorted(changed)
        time.sleep(_LOOK)
    return []
