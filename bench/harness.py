"""How the benchmarks measure: one process a sample, CPU seconds from the kernel, ratios within one run.

Wall times depend on what else the machine does, so every table leads with CPU seconds (user and system) of the measured
process; samples of different peers are taken in turn and the median is shown with its range.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
OURS = ROOT / ".venv/bin/python"
PEERS = ROOT / ".venv-bench/bin/python"
TICKS = os.sysconf("SC_CLK_TCK")

Sample = dict[str, float]
"""Measured values by name, as a script printed them on its last line."""


@dataclass(frozen=True)
class Contestant:
    """A script under test: which interpreter runs it with which arguments."""

    name: str
    script: str
    arguments: Sequence[str] = ()
    python: Path = PEERS


def environment(**more: str) -> dict[str, str]:
    """What measured processes get: the project on their path, and compiled modules kept, as installed ones are."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, "PYTHONPATH": str(ROOT), **more}


def run_script(contestant: Contestant, *, variables: Mapping[str, str] | None = None, timeout: float = 600) -> Sample:
    """Run a script to its end and take the JSON object that it prints last.

    :raises RuntimeError: it failed; the message holds the end of its output.
    """
    command = [str(contestant.python), str(HERE / contestant.script), *contestant.arguments]
    run = subprocess.run(
        command,
        env=environment(**(variables or {})),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    if run.returncode:
        raise RuntimeError(f"{contestant.name} failed:\n{(run.stdout + run.stderr)[-2000:]}")
    sample = json.loads(run.stdout.strip().splitlines()[-1])
    assert isinstance(sample, dict)
    return sample


def compare(
    contestants: Sequence[Contestant],
    *,
    runs: int,
    variables: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
) -> dict[str, list[Sample]]:
    """Take ``runs`` samples of each contestant, in turn."""
    samples: dict[str, list[Sample]] = {contestant.name: [] for contestant in contestants}
    for number in range(runs):
        for contestant in contestants:
            progress(f"run {number + 1} of {runs}: {contestant.name}")
            if before is not None:
                before()
            samples[contestant.name].append(run_script(contestant, variables=variables))
    progress("")
    return samples


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def table(samples: dict[str, list[Sample]], columns: dict[str, str], *, base: str, ratio_of: str) -> str:
    """A Markdown table: medians with ranges, and the ratio of one value to the base's in the same run.

    :param columns: heading by the name of the value.
    """
    lines = [
        f"| | runs | {' | '.join(columns.values())} | x {base} |",
        f"|---|---{'|---' * len(columns)}|---|",
    ]
    reference = statistics.median(sample[ratio_of] for sample in samples[base])
    for name, taken in samples.items():
        cells = [_cell([sample[value] for sample in taken if value in sample]) for value in columns]
        ratio = statistics.median(sample[ratio_of] for sample in taken) / reference if reference else float("nan")
        lines.append(f"| {name} | {len(taken)} | {' | '.join(cells)} | {ratio:.2f} |")
    return "\n".join(lines)


def _cell(values: list[float]) -> str:
    if not values:
        return "–"
    middle = statistics.median(values)
    if len(values) == 1:
        return _number(middle)
    return f"{_number(middle)} ({_number(min(values))}..{_number(max(values))})"


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value else "0"


# -- inside a measured process


def rss_mb(pid: int | str = "self") -> float:
    """Resident memory now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak_rss_mb(pid: int | str = "self") -> float:
    """The most memory that was ever resident."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"no VmHWM for process {pid}")


def cpu_seconds(pid: int) -> float:
    """User and system time that a running process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def emit(**values: float) -> None:
    """Print the sample; the last thing a measured script does."""
    print(json.dumps(values))


# -- the server that everything runs against


@dataclass(frozen=True)
class Server:
    """A running API server."""

    pid: int
    url: str
    token: str
    kubeconfig: Path
    ready_after: float


@contextmanager
def api_server(*arguments: str) -> Iterator[Server]:
    """An embedded API server in a process of its own, with TLS, RBAC and a token, on a free port."""
    with tempfile.TemporaryDirectory() as folder:
        token = secrets.token_hex(16)
        tokens = Path(folder, "tokens.csv")
        tokens.write_text(f'{token},admin,1,"system:masters"\n')
        kubeconfig = Path(folder, "kubeconfig")
        port = free_port()
        command = [
            str(OURS.with_name("kubewright")), "apiserver", "--data-dir", f"{folder}/data", "--secure-port", str(port),
            "--token-auth-file", str(tokens), "--write-kubeconfig", str(kubeconfig), "--cert-dir", f"{folder}/pki",
            *arguments,
        ]  # fmt: skip
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if "ready" in line:
                    break
            else:
                raise RuntimeError("the API server ended before it was ready")
            ready_after = time.perf_counter() - started
            yield Server(process.pid, f"https://127.0.0.1:{port}", token, kubeconfig, ready_after)
        finally:
            process.terminate()
            process.wait(timeout=20)
            process.stdout.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: Any = probe.getsockname()[1]
    return int(port)
