"""Traces, where OpenTelemetry's API is installed (extra ``otel``): from the event over the queue to each write.

A trace begins when the key became ready, with the events that caused it; its spans are the time in the queue and the
reconcile, and below that every request (`kubewright.transport.tracing`).  Without the API nothing is done at all.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING

from kubewright.controller.outcome import Retry
from kubewright.controller.scope import ReconcileScope
from kubewright.transport.tracing import is_installed

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer


def reconcile_span(scope: ReconcileScope, waited: float) -> AbstractContextManager[None]:
    """The spans of one reconcile, for as long as the block lasts.

    :param waited: seconds since its key became ready.
    """
    if not is_installed():
        return nullcontext()
    now = time.time_ns()
    since = now - int(waited * 1e9)
    attributes: dict[str, str | int] = {
        "kubewright.controller": scope.controller,
        "kubewright.object": scope.key,
        "kubewright.reconcile.id": scope.id,
        "kubewright.reconcile.attempt": scope.attempt,
    }
    whole = _tracer().start_span(scope.controller, start_time=since, attributes=attributes)
    # The API alone, without an SDK that the program has set up, gives a span that leads nowhere.
    return _reconcile_span(whole, scope, since, now) if whole.get_span_context().is_valid else nullcontext()


@contextmanager
def _reconcile_span(whole: Span, scope: ReconcileScope, since: int, now: int) -> Iterator[None]:
    from opentelemetry.trace import set_span_in_context

    tracer = _tracer()
    try:
        for cause in scope.causes:
            whole.add_event("cause", {"event": str(cause)}, timestamp=since)
        within = set_span_in_context(whole)
        tracer.start_span("queue", context=within, start_time=since).end(now)
        with tracer.start_as_current_span("reconcile", context=within, record_exception=False) as span:
            failure: Exception | None = None
            try:
                yield
            except Retry as retry:  # no error: a trace of waiting would look like one of failing
                span.set_attribute("kubewright.retry.after", retry.requeue.after)
                failure = retry
            except Exception as error:
                span.record_exception(error)
                raise
        if failure is not None:
            raise failure
    finally:
        whole.end()


@cache
def _tracer() -> Tracer:
    from opentelemetry import trace

    return trace.get_tracer("kubewright")
