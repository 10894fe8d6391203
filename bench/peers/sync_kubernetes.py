"""T1: the official client lists 10 000 widgets as dictionaries and keeps them."""

import time

from kubernetes import client, config

from bench.harness import emit, peak_rss_mb, rss_mb, used
from bench.widgets import GROUP, PLURAL

config.load_kube_config()
imported, before, started = rss_mb(), used(), time.perf_counter()
objects = client.CustomObjectsApi().list_cluster_custom_object(GROUP, "v1", PLURAL)["items"]
wall, cpu = time.perf_counter() - started, used() - before
emit(
    objects=len(objects),
    wall=wall,
    cpu=cpu,
    peak_mb=peak_rss_mb() - imported,
    steady_mb=rss_mb() - imported,
)
