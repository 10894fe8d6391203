"""How the benchmarks measure: one process a sample, CPU seconds from the kernel, ratios within one run.

Wall times depend on what else the machine does, so every table leads with CPU seconds (user and system) of the measured
process; samples of different peers are taken in turn and the median is shown with its range.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import resource
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
LIMIT = 600
"""Seconds after which a script is given up."""

Sample = dict[str, float]
"""Measured values by name, as a script printed them on its last line."""


@dataclass(frozen=True)
class Contestant:
    """A script under test: a module of this package, and which interpreter runs it with which arguments."""

    name: str
    module: str
    arguments: Sequence[str] = ()
    python: Path = PEERS


def environment(**more: str) -> dict[str, str]:
    """What measured processes get: the project on their path, and compiled modules kept, as installed ones are."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, "PYTHONPATH": str(ROOT), **more}


@contextmanager
def running(contestant: Contestant, **variables: str) -> Iterator[Running]:
    """A script that says ``begin`` (and what else there is to know) when it is ready; it ends with the block."""
    command = [str(contestant.python), "-m", contestant.module, *contestant.arguments]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, env=environment(**variables), stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith("begin"):
                    yield Running(process, tuple(line.split()[1:]))
                    return
            errors.seek(0)
            raise RuntimeError(f"{contestant.name} failed:\n{errors.read()[-2000:]}")
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


@dataclass(frozen=True)
class Running:
    """A script at work, and the words after its ``begin``."""

    process: subprocess.Popen[str]
    words: Sequence[str]

    @property
    def pid(self) -> int:
        return self.process.pid

    def sample(self) -> Sample:
        """Wait for the figures that it prints last.

        :raises RuntimeError: it ended without.
        """
        assert self.process.stdout is not None
        lines = self.process.stdout.read().strip().splitlines()
        if not lines:
            raise RuntimeError("a measured process ended without figures")
        return _sample(lines[-1])


def run_script(contestant: Contestant, **variables: str) -> Sample:
    """Run a script to its end and take the JSON object that it prints last.

    :raises RuntimeError: it failed; the message holds the end of its output.
    """
    command = [str(contestant.python), "-m", contestant.module, *contestant.arguments]
    run = subprocess.run(command, env=environment(**variables), capture_output=True, text=True, timeout=LIMIT, cwd=ROOT)
    if run.returncode:
        raise RuntimeError(f"{contestant.name} failed:\n{(run.stdout + run.stderr)[-2000:]}")
    return _sample(run.stdout.strip().splitlines()[-1])


def _sample(line: str) -> Sample:
    sample = json.loads(line)
    assert isinstance(sample, dict)
    return sample


def in_turn(
    contestants: Sequence[Contestant], take: Callable[[Contestant], Sample], *, runs: int
) -> dict[str, list[Sample]]:
    """Take ``runs`` samples of each contestant, in turn."""
    samples: dict[str, list[Sample]] = {contestant.name: [] for contestant in contestants}
    for number in range(runs):
        for contestant in contestants:
            progress(f"run {number + 1} of {runs}: {contestant.name}")
            samples[contestant.name].append(take(contestant))
    return samples


def progress(text: str) -> None:
    print(f"[bench] {text}", file=sys.stderr, flush=True)


def table(samples: Mapping[str, list[Sample]], columns: Mapping[str, str], *, ratio_of: str) -> str:
    """A Markdown table: medians with ranges, and one value as a multiple of the first contestant's.

    :param columns: heading by the name of the value.
    """
    base, *others = (statistics.median(sample[ratio_of] for sample in taken) for taken in samples.values())
    ratios = ["1", *(f"{other / base:.1f}" if base else "–" for other in others)]
    rows = [
        [name, str(len(taken)), *(_cell([sample[value] for sample in taken if value in sample]) for value in columns)]
        for name, taken in samples.items()
    ]
    heading = ["", "runs", *columns.values()]
    if others:
        heading.append(f"{columns[ratio_of]}: x ours")
        rows = [[*row, ratio] for row, ratio in zip(rows, ratios, strict=True)]
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


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


def machine() -> str:
    """Processor, cores, memory and interpreter, for the report."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    model = models[0].partition(": ")[2] if models else platform.machine()
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, Python {platform.python_version()}; "
        f"load average at the start {load}"
    )


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
    # Its CPU clock, as clock_getcpuclockid(3) names it: in nanoseconds, where /proc counts hundredths of a second.
    return time.clock_gettime((~pid << 3) | 2)


def used() -> float:
    """User and system time that this process has used so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


IDLE = 5.0
"""Seconds over which the CPU time of an idle process is measured; reported for 20."""


async def idle_cpu() -> float:
    """CPU seconds in 20 s of doing nothing."""
    await asyncio.sleep(1)
    before = used()
    await asyncio.sleep(IDLE)
    return (used() - before) * 20 / IDLE


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
