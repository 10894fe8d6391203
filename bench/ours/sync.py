"""T1: a cache of ours is filled with 10 000 widgets, as controller-runtime's row has it: no reconciler."""

import asyncio
import time

from bench.harness import emit, idle_cpu, peak_rss_mb, rss_mb, used
from bench.ours.widgets import Widget
from kubewright.cache import Cache
from kubewright.client import Client, load_config
from kubewright.manager.process import run_event_loop


async def main() -> None:
    config = load_config()  # Before the figures begin, as the peers do: reading it loads PyYAML.
    imported, cpu, started = rss_mb(), used(), time.perf_counter()
    async with Client(config.transport(), namespace=config.namespace) as client:
        cache = Cache(client)
        informer = cache.informer(Widget)
        running = asyncio.create_task(cache.run())
        await cache.wait_for_sync(timeout=300)
        figures = {"wall": time.perf_counter() - started, "cpu": used() - cpu}
        figures |= {"objects": len(informer.indexer), "peak_mb": peak_rss_mb() - imported}
        figures["idle_cpu"] = await idle_cpu()
        figures["steady_mb"] = rss_mb() - imported
        running.cancel()
        await asyncio.wait({running})
    emit(**figures)


run_event_loop(main)
