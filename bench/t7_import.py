"""T7: what importing a library costs; bytecode is warm."""

import importlib
import resource
import sys
import time

from bench.harness import emit, rss_mb

started = time.perf_counter()
before = resource.getrusage(resource.RUSAGE_SELF)
for name in sys.argv[1:]:
    importlib.import_module(name)
after = resource.getrusage(resource.RUSAGE_SELF)
emit(
    wall_ms=(time.perf_counter() - started) * 1000,
    cpu_ms=(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000,
    rss_mb=rss_mb(),
    modules=len(sys.modules),
)
