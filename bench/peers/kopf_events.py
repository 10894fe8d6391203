"""T1 and T2: kopf with a no-op ``on.event`` handler: first the existing widgets, then a burst of updates.

Arguments: how many objects there are, and how many updates follow; a line on standard output says when they may begin.
"""

import asyncio
import sys
import threading
import time

import kopf

from bench.harness import IDLE, emit, peak_rss_mb, rss_mb, used
from bench.widgets import GROUP, PLURAL

EXISTING, UPDATES = int(sys.argv[1]), int(sys.argv[2])
calls = 0
synced, handled = threading.Event(), threading.Event()


@kopf.on.event(GROUP, "v1", PLURAL)
async def noop(**_: object) -> None:
    global calls
    calls += 1
    if calls == EXISTING:
        synced.set()
    if calls == EXISTING + UPDATES:
        handled.set()


def operate(stop: threading.Event) -> None:
    asyncio.run(kopf.operator(clusterwide=True, stop_flag=stop, standalone=True))


imported, cpu, started, stop = rss_mb(), used(), time.perf_counter(), threading.Event()
thread = threading.Thread(target=operate, args=(stop,))
thread.start()
assert synced.wait(300)
figures = {"wall": time.perf_counter() - started, "cpu": used() - cpu}
figures |= {"peak_mb": peak_rss_mb() - imported, "steady_mb": rss_mb() - imported, "objects": calls}
if UPDATES:
    cpu = used()
    print("begin", flush=True)
    assert handled.wait(300)
    figures["event_us"] = (used() - cpu) / UPDATES * 1e6
time.sleep(7)  # kopf keeps a worker an object for five seconds
cpu = used()
time.sleep(IDLE)
figures["idle_cpu"] = (used() - cpu) * 20 / IDLE
stop.set()
thread.join()
emit(**figures)
