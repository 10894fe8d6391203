"""T1 and T2: an operator of ours with a no-op reconciler: first the existing widgets, then a burst of updates.

Arguments: how many objects there are, and how many updates follow; a line on standard output says when they may begin.
"""

import asyncio
import sys
import time

from bench.harness import emit, idle_cpu, peak_rss_mb, rss_mb, used
from bench.ours.widgets import Widget, op
from kubewright import Context
from kubewright.client import connect
from kubewright.manager import Manager
from kubewright.manager.process import run_event_loop

EXISTING, UPDATES = int(sys.argv[1]), int(sys.argv[2])
calls = 0
synced, handled = asyncio.Event(), asyncio.Event()


@op.reconcile(Widget)
async def noop(widget: Widget, ctx: Context) -> None:
    global calls
    calls += 1
    if calls == EXISTING:
        synced.set()
    if calls == EXISTING + UPDATES:
        handled.set()


async def main() -> None:
    imported, cpu, started = rss_mb(), used(), time.perf_counter()
    async with connect() as client:
        manager = Manager(client, "bench", health_address="0", metrics_address="0")
        op.add_to(manager)
        stop = asyncio.Event()
        running = asyncio.create_task(manager.run(stop))
        async with asyncio.timeout(300):
            await synced.wait()
        figures = {"wall": time.perf_counter() - started, "cpu": used() - cpu, "objects": calls}
        figures |= {"peak_mb": peak_rss_mb() - imported, "steady_mb": rss_mb() - imported}
        if UPDATES:
            cpu = used()
            print("begin", flush=True)
            async with asyncio.timeout(300):
                await handled.wait()
            figures["event_us"] = (used() - cpu) / UPDATES * 1e6
        figures["idle_cpu"] = await idle_cpu()
        stop.set()
        await running
    emit(**figures)


run_event_loop(main)
