"""T5: the same with an asyncio.Queue and a set for deduplication: no priorities, delays, limits or metrics."""

import asyncio
import time

from bench.harness import emit, used

ROUNDS, KEYS = 10, 100_000


async def main() -> None:
    queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    waiting: set[tuple[str, str]] = set()
    keys = [("default", f"object-{number}") for number in range(KEYS)]
    cpu, wall = used(), time.perf_counter()
    for _ in range(ROUNDS):
        for key in keys:
            if key not in waiting:
                waiting.add(key)
                queue.put_nowait(key)
        for _ in range(KEYS):
            waiting.discard(await queue.get())
            queue.task_done()
    spent = used() - cpu
    operations = ROUNDS * KEYS
    emit(per_second=operations / (time.perf_counter() - wall), cpu_us=spent / operations * 1e6)


asyncio.run(main())
