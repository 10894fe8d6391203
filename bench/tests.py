"""The benchmarks, T1 to T7 and the watch fan-out: each takes its samples and gives its section of the report.

Tests that belong together share their samples: T1, T2 and the idle operator of T7 come from one run of one process.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.harness import OURS, Contestant, Sample, Server, api_server, in_turn, run_script, running, table
from kubewright.webhook.rotation import rotate

CHILDREN = 2_000
WATCHERS = 1_000


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    runs: int
    objects: int


def sync(plan: Plan) -> str:
    """T1: the initial sync."""
    contestants = [
        Contestant("kubewright cache", "bench.ours.sync", python=OURS),
        Contestant("kubernetes, list of dicts", "bench.peers.sync_kubernetes"),
        Contestant("lightkube, generic list", "bench.peers.sync_lightkube"),
    ]
    with api_server() as server:
        _write(server, "fill", plan.objects)
        samples = in_turn(contestants, lambda one: run_script(one, **_access(server)), runs=plan.runs)
    columns = {
        "wall": "wall s", "cpu": "CPU s", "peak_mb": "peak MB over imports", "steady_mb": "steady MB over imports",
        "idle_cpu": "CPU s in 20 s idle",
    }  # fmt: skip
    return _section(
        f"T1: initial sync of {plan.objects:,} custom resources of 2.6 KB",
        table(samples, columns, ratio_of="cpu"),
        "*controller-runtime cache, typed: 1.56 s wall, 1.29 CPU s (WatchList) or 0.64 CPU s (LIST), 81 MB steady.*",
        "The official client and lightkube only list; ours goes on to follow the objects, and keeps them compressed.",
    )


def events(plan: Plan) -> str:
    """T2, with T1 and T7 of a whole operator."""
    updates = plan.objects // 4
    numbers = (str(plan.objects), str(updates))
    contestants = [
        Contestant("kubewright operator", "bench.ours.events", numbers, OURS),
        Contestant("kopf, on.event", "bench.peers.kopf_events", numbers),
    ]

    def take(one: Contestant) -> Sample:
        with running(one, **_access(server)) as process:
            _write(server, "touch", updates)
            return process.sample()

    with api_server() as server:
        _write(server, "fill", plan.objects)
        samples = in_turn(contestants, take, runs=plan.runs)
    columns = {
        "event_us": "CPU us an event", "cpu": "sync: CPU s", "wall": "sync: wall s", "peak_mb": "peak MB over imports",
        "steady_mb": "steady MB over imports", "idle_cpu": "CPU s in 20 s idle",
    }  # fmt: skip
    return _section(
        f"T2: {updates:,} updates through store, queue and worker to a no-op reconcile, after {plan.objects:,} objects",
        table(samples, columns, ratio_of="event_us"),
        "*controller-runtime: 240 us an event, 129 MB with 10,000 objects, 0.01 CPU s idle.*",
    )


def children(plan: Plan) -> str:
    """T3: from create to ready."""
    contestants = [
        Contestant("kubewright operator, 16 workers", "bench.ours.child", python=OURS),
        Contestant("kopf, kubernetes-asyncio", "bench.peers.kopf_child"),
    ]

    def take(one: Contestant) -> Sample:
        with api_server() as server:
            _write(server, "fill", 1)
            _write(server, "clear", 1)
            with running(one, **_access(server)) as operator:
                return _write(server, "ready", CHILDREN, operator.pid)

    columns = {
        "cpu_ms": "CPU ms an object", "wall": "all ready after s", "requests": "writes an object", "peak_mb": "peak MB",
    }  # fmt: skip
    return _section(
        f"T3: {CHILDREN:,} custom resources with a ConfigMap each, from create to ready",
        table(in_turn(contestants, take, runs=plan.runs), columns, ratio_of="cpu_ms"),
        "*controller-runtime, 16 workers: 1.24 CPU ms an object, 2.0 writes an object, 65 MB peak.*",
    )


def webhook(plan: Plan) -> str:
    """T4: a mutating webhook."""

    def take(one: Contestant) -> Sample:
        with running(one, **_access(server)) as process:
            load = Contestant(f"load on {one.name}", "bench.reviews", (str(process.pid), *process.words), OURS)
            return run_script(load)

    made = rotate(None, datetime.now(UTC), ["127.0.0.1"])
    with api_server() as server, tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("tls.crt", "tls.key")]
        for file, content in zip(files, (made.certificate, made.key), strict=True):
            file.write_bytes(content)
        arguments = [str(file) for file in files]
        contestants = [
            Contestant("kubewright webhook", "bench.ours.webhook", arguments, OURS),
            Contestant("kopf.WebhookServer", "bench.peers.kopf_webhook", arguments),
        ]
        _write(server, "fill", 1)
        samples = in_turn(contestants, take, runs=plan.runs)
    columns = {
        "cpu_us_64": "CPU us a review, 64 connections", "p99_ms_64": "p99 ms", "per_second_64": "a second",
        "cpu_us_1": "CPU us, 1 connection", "p50_ms_1": "p50 ms", "rss_mb": "RSS MB",
    }  # fmt: skip
    return _section(
        "T4: a mutating webhook over TLS with keep-alive",
        table(samples, columns, ratio_of="cpu_us_64"),
        "*controller-runtime: 307 us a review at 64 connections, p99 88 ms, 41 MB.*",
    )


def queue(plan: Plan) -> str:
    """T5: the work queue."""
    contestants = [
        Contestant("kubewright.workqueue", "bench.ours.queue", python=OURS),
        Contestant("asyncio.Queue and a set", "bench.peers.queue_asyncio", python=OURS),
    ]
    columns = {"cpu_us": "CPU us a key", "per_second": "keys a second"}
    return _section(
        "T5: add, get and done of 100,000 keys, ten times",
        table(in_turn(contestants, run_script, runs=plan.runs), columns, ratio_of="cpu_us"),
        "*client-go's queue: 0.98 us a key; controller-runtime's priority queue: 4.33 us.*",
        "Ours has priorities, delays, rate limits and metrics, which asyncio's has not.",
    )


def server(plan: Plan) -> str:
    """T6: the embedded server."""

    def take(one: Contestant) -> Sample:
        with api_server() as server:
            load = Contestant(one.name, "bench.load", (str(server.kubeconfig), str(server.pid)), OURS)
            return {**run_script(load), "ready": server.ready_after}

    samples = in_turn([Contestant("kubewright apiserver", "")], take, runs=plan.runs)
    start = {
        "ready": "ready after s", "empty_rss_mb": "empty MB", "full_rss_mb": "MB after 2,000 objects",
        "crd_served_ms": "a CRD is served after ms", "logical_cluster_cpu_ms": "first use of a logical cluster CPU ms",
    }  # fmt: skip
    reads = {"list_mb_per_second": "LIST MB/s", "list_mb_per_cpu_second": "LIST MB a CPU second"}
    requests = {
        f"{name}_cpu_ms": f"{name.replace('_', ' ')} CPU ms"
        for name in ("create", "get", "status_patch", "apply", "delete")
    }
    return _section(
        "T6: the embedded API server",
        table(samples, start, ratio_of="ready"),
        table(samples, {**requests, **reads}, ratio_of="create_cpu_ms"),
        "*kube-apiserver and etcd: ready after 2.7 s, 314 MB; create 3.1 ms, get 0.9 ms, patch or apply 4.9 ms.*",
    )


def fan_out(plan: Plan) -> str:
    """One event to many watchers."""

    def take(one: Contestant) -> Sample:
        with api_server() as server:
            return run_script(
                Contestant(one.name, "bench.fan_out", (str(server.pid), str(WATCHERS)), OURS), **_access(server)
            )

    columns = {
        "ms": "write to last watcher ms", "worst_ms": "worst of 20 ms", "cpu_ms": "server CPU ms",
        "watcher_kb": "server KB a watcher",
    }  # fmt: skip
    return _section(
        f"Fan-out: one event to {WATCHERS:,} watchers over TLS",
        table(in_turn([Contestant("kubewright apiserver", "")], take, runs=plan.runs), columns, ratio_of="ms"),
        "The client that holds all those watches shares the two cores with the server, and is in the wall time.",
    )


def imports(plan: Plan) -> str:
    """T7: import times."""
    contestants = [
        Contestant("import kubewright.client", "bench.import_time", ("kubewright.client",), OURS),
        Contestant("import kubewright.operator", "bench.import_time", ("kubewright.operator",), OURS),
        *(
            Contestant(f"import {name}", "bench.import_time", (name,))
            for name in ("lightkube", "kubernetes", "kubernetes_asyncio", "kr8s", "kopf")
        ),
    ]
    columns = {"cpu_ms": "CPU ms", "wall_ms": "wall ms", "rss_mb": "RSS MB"}
    return _section("T7: import", table(in_turn(contestants, run_script, runs=plan.runs), columns, ratio_of="cpu_ms"))


ALL: Mapping[str, Callable[[Plan], str]] = {
    "t1": sync, "t2": events, "t3": children, "t4": webhook, "t5": queue, "t6": server, "t7": imports,
    "fan-out": fan_out,
}  # fmt: skip


def _write(server: Server, what: str, count: int, pid: int = 0) -> Sample:
    return run_script(Contestant(what, "bench.writes", (what, str(count), str(pid)), OURS), **_access(server))


def _access(server: Server) -> dict[str, str]:
    return {"KUBECONFIG": str(server.kubeconfig)}


def _section(title: str, *parts: str) -> str:
    return "\n\n".join([f"## {title}", *parts])
