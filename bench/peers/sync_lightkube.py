"""T1: lightkube lists 10 000 widgets as generic resources and keeps them."""

import resource
import time

from lightkube import Client
from lightkube.generic_resource import create_namespaced_resource

from bench.harness import emit, peak_rss_mb, rss_mb
from bench.widgets import GROUP, PLURAL

Widget = create_namespaced_resource(GROUP, "v1", "Widget", PLURAL)
client = Client()
imported, before, started = rss_mb(), resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
objects = list(client.list(Widget, namespace="*"))
wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
emit(
    objects=len(objects),
    wall=wall,
    cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    peak_mb=peak_rss_mb() - imported,
    steady_mb=rss_mb() - imported,
)
