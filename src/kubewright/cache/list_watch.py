"""What to ask the server next to follow a kind: the rules of client-go's reflector, without any I/O.

A driver (`reflector.py`) asks for the next `Step`, carries it out and reports what came of it.  The rules are those of
``tools/cache/reflector.go`` (client-go 1.36), where each is described at length:

* the initial state is streamed (``sendInitialEvents``), and listed where the server cannot or will not stream it;
* a list begins in any state (``"0"``), later ones never go back behind what was seen;
* a watch that ends is resumed where it ended; one that has become too old leads to a new list;
* waiting times grow from 0.8 s to 30 s, doubled at random, and start again after two quiet minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from random import random

import msgspec

from kubewright.client import ConnectError, TransportError, TransportTimeout
from kubewright.objects.errors import APIError, Gone, TooManyRequests

PAGE_SIZE = 500
_SHORT_WATCH = 1.0
"""Seconds: a watch that ends sooner, without an event, means that something is wrong."""


class Pause(msgspec.Struct, frozen=True):
    """Wait so many seconds."""

    seconds: float


class ListPage(msgspec.Struct, frozen=True):
    """Send one request of a list."""

    resource_version: str
    limit: int
    continue_token: str = ""


class Watch(msgspec.Struct, frozen=True):
    """Open a watch and read it until it ends.

    :param initial: let the server send the objects that are there first, up to a bookmark that says so.
    :param timeout_seconds: when the server shall end it.
    """

    resource_version: str
    timeout_seconds: int
    initial: bool = False


Step = Pause | ListPage | Watch
Failure = APIError | TransportError


class _Phase(Enum):
    STREAM = auto()
    LIST = auto()
    WATCH = auto()


class Backoff:
    """Waiting times that grow while they are needed."""

    def __init__(
        self, base: float = 0.8, cap: float = 30.0, reset_after: float = 120.0, rand: Callable[[], float] = random
    ) -> None:
        self._base, self._cap, self._reset_after, self._random = base, cap, reset_after, rand
        self._next = base
        self._last: float | None = None

    def delay(self, now: float) -> float:
        """The seconds to wait, from the time ``now`` on."""
        if self._last is not None and now - self._last > self._reset_after:
            self._next = self._base
        seconds, self._next = self._next, min(self._next * 2, self._cap)
        self._last = now
        return seconds * (1 + self._random())


class ListWatch:
    """The state of following one kind.

    :param stream_initial: try to have the initial state streamed.
    """

    def __init__(self, *, stream_initial: bool = True, rand: Callable[[], float] = random) -> None:
        self.resource_version = ""
        """How far the server's history has been seen."""
        self.restarts = 0
        """How often the state had to be read anew."""
        self._stream_initial = stream_initial
        self._random = rand
        self._backoff = Backoff(rand=rand)
        self._phase = _Phase.STREAM if stream_initial else _Phase.LIST
        self._pause: float | None = None
        self._unavailable = False  # the server could not serve the resource version that was asked for
        self._retried = False
        self._server_pages = False  # a list of "any state" came in pages: there is no watch cache, keep paging
        self._page: ListPage | None = None
        self._events = 0
        self._opened_at = 0.0
        self._synthetic = False  # ADDED events show what is there, in no order of time

    # -- what to do

    def next(self) -> Step:
        if self._pause is not None:
            seconds, self._pause = self._pause, None
            return Pause(seconds)
        if self._phase is _Phase.LIST:
            self._page = self._page or self._first_page()
            return self._page
        timeout = int(300 * (1 + self._random()))
        if self._phase is _Phase.STREAM:
            return Watch("" if self._unavailable else self.resource_version, timeout, initial=True)
        return Watch(self.resource_version, timeout)

    def _first_page(self) -> ListPage:
        version = "" if self._unavailable else self.resource_version or "0"
        paged = version in ("", "0") or self._server_pages
        return ListPage(version, PAGE_SIZE if paged else 0)

    # -- what came of it

    def listed(self, resource_version: str, continue_token: str) -> bool:
        """A page came; True if the list is complete."""
        assert self._page is not None
        first = not self._page.continue_token
        if first:
            self._list_version = resource_version
        if continue_token:
            if self._page.resource_version == "0":
                self._server_pages = True
            self._page = ListPage("", PAGE_SIZE, continue_token)
            return False
        self._page = None
        self._synced(self._list_version)
        return True

    def opened(self, now: float) -> None:
        """The server has accepted the watch."""
        self._opened_at = now
        self._events = 0
        self._synthetic = self._phase is _Phase.WATCH and self.resource_version in ("", "0")

    def saw(self, event_type: str, resource_version: str) -> None:
        """An event of the live watch, or a bookmark."""
        self._events += 1
        if event_type != "ADDED":
            self._synthetic = False
        if resource_version and not self._synthetic and self._phase is _Phase.WATCH:
            self.resource_version = resource_version

    def streamed(self, resource_version: str) -> None:
        """The bookmark that ends the initial events; the same stream goes on as the live watch."""
        self._events += 1
        self._synced(resource_version)

    def closed(self, now: float) -> None:
        """The watch ended, or its connection broke: that is the same."""
        short = now - self._opened_at < _SHORT_WATCH and not self._events
        if self._phase is _Phase.STREAM:
            if short:
                self._phase = _Phase.LIST
            else:
                self._pause = self._backoff.delay(now)
        elif short:
            self._restart(now)

    def failed(self, error: Failure, now: float) -> None:
        """A request was refused, an ``ERROR`` event came, or the server was not reached."""
        busy = isinstance(error, ConnectError | TooManyRequests)
        lost = isinstance(error, Gone) or is_too_large(error)
        match self._phase:
            case _Phase.STREAM if isinstance(error, TransportTimeout):
                # It takes the request for a plain watch, whose initial events have no end: older than Kubernetes 1.27.
                self._stream_initial = False
                self._phase, self._page = _Phase.LIST, None
            case _Phase.STREAM if busy:
                self._pause = self._backoff.delay(now)
            case _Phase.STREAM if lost and not self._unavailable:
                self._unavailable = True
            case _Phase.STREAM:
                self._phase, self._page = _Phase.LIST, None
            case _Phase.WATCH if busy:
                self._pause = self._backoff.delay(now)
            case _Phase.LIST:
                self._list_failed(error, lost, now)
            case _:
                self._restart(now)

    def _list_failed(self, error: Failure, lost: bool, now: float) -> None:
        page, self._page = self._page, None
        if page and page.continue_token and isinstance(error, Gone) and error.status_reason == "Expired":
            self._page = ListPage(self._first_page().resource_version, 0)  # too old to go on: all of it at once
        elif lost and not self._retried:
            self._unavailable = self._retried = True
        else:
            self._restart(now)

    def _synced(self, resource_version: str) -> None:
        self.resource_version = resource_version
        self._phase = _Phase.WATCH
        self._unavailable = self._retried = False

    def _restart(self, now: float) -> None:
        self.restarts += 1
        self._retried = False
        self._phase = _Phase.STREAM if self._stream_initial else _Phase.LIST
        self._pause = self._backoff.delay(now)


def is_too_large(error: Failure) -> bool:
    """The server has not come as far as the resource version that it was asked for."""
    return isinstance(error, APIError) and (
        any(cause.reason == "ResourceVersionTooLarge" for cause in error.causes)
        or "Too large resource version" in error.message
    )
