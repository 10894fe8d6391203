"""T1: lightkube lists 10 000 widgets as generic resources and keeps them."""

import time

from lightkube import Client
from lightkube.generic_resource import create_namespaced_resource

from bench.harness import emit, peak_rss_mb, rss_mb, used
from bench.widgets import GROUP, PLURAL

Widget = create_namespaced_resource(GROUP, "v1", "Widget", PLURAL)
client = Client()
imported, before, started = rss_mb(), used(), time.perf_counter()
objects = list(client.list(Widget, namespace="*"))
wall, cpu = time.perf_counter() - started, used() - before
emit(
    objects=len(objects),
    wall=wall,
    cpu=cpu,
    peak_mb=peak_rss_mb() - imported,
    steady_mb=rss_mb() - imported,
)
