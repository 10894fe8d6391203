"""Servers that are killed while they write: ``python -m tests.apiserver.killed_server STORE KILLS SEED``.

Each server is forked from this process, so that it is up within milliseconds.  Its workers create, change and delete
one object each, over and over, and tell through a pipe how far they were when an answer had come; then the server is
killed at a random moment.  The next one has to find every worker's object as it was acknowledged, or one write later.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import Iterable, Mapping
from itertools import islice

from kubewright.apiserver import server as server_module
from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.apiserver.storage.sqlite import SqliteStorage
from kubewright.client import AsgiTransport, Client
from kubewright.objects import ObjectMeta
from kubewright.objects.core_v1 import ConfigMap
from kubewright.objects.errors import NotFound

WORKERS = 4
MOST_WRITES = 20
LONGEST_PAUSE = 0.01
"""Seconds from the last of them to the kill."""
PADDING = {"padding": "x" * 40_000}
"""Makes a write longer than a page of the database, so that many kills come in the middle of one."""

NEVER = -1
"""What a worker has done that has not begun."""


def state(step: int) -> int | None:
    """What a worker's object holds after a step; None where there is none."""
    return None if step == NEVER or step % 3 == 2 else step


async def serve_until_killed(store: str, done: Mapping[int, int], report: int) -> None:
    server_module.COMPACTION_INTERVAL = 0.01
    server = ApiServer(SqliteStorage(store), tokens={"admin": ADMIN})
    await server.start()
    client = Client(AsgiTransport(server.app, headers={"authorization": "Bearer admin"}))
    steps = [await check(client, worker, done.get(worker, NEVER)) for worker in range(WORKERS)]
    found = "".join(f"{worker} {step}\n" for worker, step in enumerate(steps))  # The next may happen unseen again.
    os.write(report, f"up\n{found}".encode())
    await asyncio.gather(*(work(client, worker, step, report) for worker, step in enumerate(steps)))


async def check(client: Client, worker: int, acknowledged: int) -> int:
    """How far a worker has come, as its object tells."""
    try:
        found: int | None = int((await client.get(ConfigMap, f"w{worker}")).data["step"])
    except NotFound:
        found = None
    for step in (acknowledged, acknowledged + 1):
        if state(step) == found:
            return step
    raise AssertionError(f"worker {worker}: step {acknowledged} was acknowledged, but the object holds {found}")


async def work(client: Client, worker: int, step: int, report: int) -> None:
    while True:
        step += 1
        obj = ConfigMap(metadata=ObjectMeta(name=f"w{worker}"), data={"step": str(step), **PADDING})
        match step % 3:
            case 0:
                await client.create(obj)
            case 1:
                await client.patch(obj, merge={"data": {"step": str(step)}})
            case _:
                await client.delete(obj)
        os.write(report, f"{worker} {step}\n".encode())


def one_life(store: str, done: dict[int, int], chance: random.Random) -> None:
    """Let a server live for a moment; what it acknowledged is added to ``done``."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        asyncio.run(serve_until_killed(store, done, writing))
    os.close(writing)
    with os.fdopen(reading) as report:
        if report.readline() != "up\n":
            _, status = os.waitpid(child, 0)
            raise SystemExit(f"a server did not come up again: {status}")
        # However slow the machine is, some writes come first.
        note(islice(report, WORKERS + chance.randrange(1, MOST_WRITES)), done)
        # Not a sleep to wait for anything: the moment of the kill is the test's input.
        signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.0001, LONGEST_PAUSE))
        signal.sigwait({signal.SIGALRM})
        os.kill(child, signal.SIGKILL)
        note(report, done)
    os.waitpid(child, 0)


def note(report: Iterable[str], done: dict[int, int]) -> None:
    """Take down how far each worker was told to be; a line without its end was never told."""
    for line in report:
        if line.endswith("\n"):
            worker, step = map(int, line.split())
            done[worker] = step


def main() -> None:
    store, kills, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    chance, done = random.Random(seed), dict[int, int]()
    for _ in range(kills):
        one_life(store, done, chance)
    print(json.dumps({"kills": kills, "writes": sum(step + 1 for step in done.values())}))


if __name__ == "__main__":
    main()
