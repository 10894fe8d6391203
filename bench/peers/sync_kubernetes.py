"""T1: the official client lists 10 000 widgets as dictionaries and keeps them."""

import resource
import time

from kubernetes import client, config

from bench.harness import emit, peak_rss_mb, rss_mb
from bench.widgets import GROUP, PLURAL

config.load_kube_config()
imported, before, started = rss_mb(), resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
objects = client.CustomObjectsApi().list_cluster_custom_object(GROUP, "v1", PLURAL)["items"]
wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
emit(
    objects=len(objects),
    wall=wall,
    cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    peak_mb=peak_rss_mb() - imported,
    steady_mb=rss_mb() - imported,
)
