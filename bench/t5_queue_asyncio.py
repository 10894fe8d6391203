"""T5: the same with an asyncio.Queue and a set for deduplication: no priorities, delays, limits or metrics."""

import asyncio
import resource
import time

from bench.harness import emit

ROUNDS, KEYS = 10, 100_000


async def main() -> None:
    queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    waiting: set[tuple[str, str]] = set()
    keys = [("default", f"object-{number}") for number in range(KEYS)]
    cpu, wall = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    for _ in range(ROUNDS):
        for key in keys:
            if key not in waiting:
                waiting.add(key)
                queue.put_nowait(key)
        for _ in range(KEYS):
            waiting.discard(await queue.get())
            queue.task_done()
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime
    operations = ROUNDS * KEYS
    emit(per_second=operations / (time.perf_counter() - wall), cpu_us=used / operations * 1e6)


asyncio.run(main())
