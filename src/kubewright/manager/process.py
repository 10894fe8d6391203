"""What belongs to the process rather than to the manager: its event loop and its signals."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import Callable, Coroutine, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

_GARBAGE = 10_000
"""New objects between two looks for garbage; Python's own default is 700."""

logger = logging.getLogger("kubewright.manager")


def run_event_loop(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run ``main()`` on a new event loop: uvloop's where it is installed (extra ``uvloop``).

    The process looks for garbage more rarely from then on, and not among what was imported: objects hardly ever form
    cycles here, and searching them takes a tenth of the time.
    """
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    if find_spec("uvloop"):
        factory = import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())


@contextlib.contextmanager
def stop_on_signals() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set; the second signal ends the process as usual."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGINT, signal.SIGTERM)

    def on_signal() -> None:
        logger.info("stopping; once more to stop at once")
        stop.set()
        for number in signals:
            loop.remove_signal_handler(number)

    for number in signals:
        loop.add_signal_handler(number, on_signal)
    try:
        yield stop
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
