"""T5: 100 000 keys through kubewright's work queue, ten times: add all, then get, forget and done all."""

import asyncio
import time

from bench.harness import emit, used
from kubewright.workqueue import WorkQueue

ROUNDS, KEYS = 10, 100_000


async def main() -> None:
    queue: WorkQueue[tuple[str, str]] = WorkQueue("bench")
    keys = [("default", f"object-{number}") for number in range(KEYS)]
    cpu, wall = used(), time.perf_counter()
    for _ in range(ROUNDS):
        for key in keys:
            queue.add(key)
        for _ in range(KEYS):
            item = await queue.get()
            queue.forget(item.key)
            queue.done(item.key)
    spent = used() - cpu
    operations = ROUNDS * KEYS
    emit(per_second=operations / (time.perf_counter() - wall), cpu_us=spent / operations * 1e6)


asyncio.run(main())
