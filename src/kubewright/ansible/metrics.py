"""The metrics of plays, and those that plays themselves keep with ``osdk_metric``.

The names are the Ansible operator's; what counts is a counter here.
"""

from __future__ import annotations

import threading
from importlib.metadata import version
from typing import Any, TypeAlias

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary

_Metric: TypeAlias = Counter | Gauge | Histogram | Summary


class MetricRefused(ValueError):
    """What a play asks for can't be counted; the text says why."""


class _Counting(msgspec.Struct, forbid_unknown_fields=True):
    increment: bool | None = None
    add: float | None = None


class _Gauging(msgspec.Struct, forbid_unknown_fields=True):
    set: float | None = None
    increment: bool | None = None
    decrement: bool | None = None
    set_to_current_time: bool | None = None
    add: float | None = None
    subtract: float | None = None


class _Observing(msgspec.Struct, forbid_unknown_fields=True):
    observe: float | None = None


class _Request(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    description: str = ""
    counter: _Counting | None = None
    gauge: _Gauging | None = None
    histogram: _Observing | None = None
    summary: _Observing | None = None


_TYPES: dict[str, type[_Metric]] = {"counter": Counter, "gauge": Gauge, "histogram": Histogram, "summary": Summary}


class AnsibleMetrics:
    """The collectors of one operator process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._own: dict[str, _Metric] = {}
        info = Gauge(
            "ansible_operator_build_info", "The kubewright that runs the plays", ["version"], registry=registry
        )
        info.labels(version("kubewright")).set(1)
        self.results = Counter(
            "ansible_operator_reconcile_result", "Runs by their end", ["GVK", "result"], registry=registry
        )
        self.durations = Histogram(
            "ansible_operator_reconciles", "How long in seconds a run takes", ["GVK"], registry=registry
        )

    def update(self, body: bytes) -> None:
        """Do what a play asks for, as JSON: ``{"name": ..., "description": ..., "counter": {"increment": true}}``.

        :raises MetricRefused: the request makes no sense, or the metric is of another type.
        """
        try:
            request = msgspec.json.decode(body, type=_Request)
        except msgspec.DecodeError as error:
            raise MetricRefused(str(error)) from None
        asked = {kind: order for kind in _TYPES if (order := getattr(request, kind)) is not None}
        if len(asked) != 1:
            raise MetricRefused(f"exactly one of {', '.join(_TYPES)} must be given")
        [(kind, order)] = asked.items()
        with self._lock:
            metric = self._own.get(request.name)
            if metric is None:
                try:
                    metric = _TYPES[kind](request.name, request.description or request.name, registry=self._registry)
                except ValueError as error:  # the name is taken, or no metric's name
                    raise MetricRefused(str(error)) from None
                self._own[request.name] = metric
        if not isinstance(metric, _TYPES[kind]):
            raise MetricRefused(f"{request.name} is a {type(metric).__name__.lower()}, not a {kind}")
        _carry_out(metric, order)


def _carry_out(metric: Any, order: _Counting | _Gauging | _Observing) -> None:
    if isinstance(order, _Observing):
        if order.observe is not None:
            metric.observe(order.observe)
        return
    if isinstance(order, _Counting):
        if (amount := 1.0 if order.increment else order.add) is not None:
            if amount < 0:
                raise MetricRefused("a counter can't decrease")
            metric.inc(amount)
        return
    if order.increment:
        metric.inc()
    elif order.decrement:
        metric.dec()
    elif order.add is not None:
        metric.inc(order.add)
    elif order.subtract is not None:
        metric.dec(order.subtract)
    elif order.set is not None:
        metric.set(order.set)
    elif order.set_to_current_time:
        metric.set_to_current_time()
