"""``python -m bench.plays [N]``: a play of three tasks, forked from the warm process, and in ``ansible-playbook``.

Both play the same playbook, without an API server: what differs is where Ansible comes from.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kubewright.ansible.runner import Access, Runner, process_environment
from kubewright.ansible.watches import Play

PLAYBOOK = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - set_fact: {answer: "{{ 6 * 7 }}"}
    - assert: {that: answer | int == 42}
    - debug: {msg: "{{ answer }}"}
"""


async def warm(root: Path, runs: int) -> list[float]:
    runner, stop, ready = Runner(root, []), asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(runner.run(stop, ready.set))
    await ready.wait()
    play, access = Play(playbook=str(root / "playbook.yml")), Access("http://127.0.0.1:1", "token", "default")
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        async with runner.playing(play, {}, access=access) as events:
            assert [event async for event in events][-1].code == 0
        taken.append(time.perf_counter() - started)
    stop.set()
    await running
    return taken


def fresh(root: Path, runs: int) -> list[float]:
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-c", "local", str(root / "playbook.yml")]
    environment = process_environment(os.environ, [])
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True)
        taken.append(time.perf_counter() - started)
    return taken


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory(prefix="kubewright-bench-") as folder:
        root = Path(folder)
        (root / "playbook.yml").write_text(PLAYBOOK)
        for name, taken in (("warm process", asyncio.run(warm(root, runs))), ("ansible-playbook", fresh(root, runs))):
            print(f"{name}: median {statistics.median(taken):.3f} s, {min(taken):.3f} to {max(taken):.3f} s")


if __name__ == "__main__":
    main()
