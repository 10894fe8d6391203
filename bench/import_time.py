"""T7: what importing a library costs; bytecode is warm.  Arguments: the modules."""

import importlib
import sys
import time

from bench.harness import emit, rss_mb, used

started, before = time.perf_counter(), used()
for name in sys.argv[1:]:
    importlib.import_module(name)
emit(wall_ms=(time.perf_counter() - started) * 1000, cpu_ms=(used() - before) * 1000, rss_mb=rss_mb())
