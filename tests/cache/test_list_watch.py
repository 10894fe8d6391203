from __future__ import annotations

import pytest

from kubewright.cache.list_watch import Backoff, ListPage, ListWatch, Pause, Watch
from kubewright.client import ConnectError, TransportError, TransportTimeout
from kubewright.objects.errors import APIError, Forbidden, Gone, InternalError, Invalid, Timeout, TooManyRequests

EXPIRED = Gone("too old")
GONE = Gone("gone", reason="Gone")
TOO_LARGE = Timeout("Too large resource version", details={"causes": [{"reason": "ResourceVersionTooLarge"}]})


def new(**settings: bool) -> ListWatch:
    return ListWatch(rand=lambda: 0.0, **settings)


def listing(resource_version: str = "10") -> ListWatch:
    """One that does not stream, has listed, and is about to watch."""
    state = new(stream_initial=False)
    state.next()
    state.listed(resource_version, "")
    return state


def watching(now: float = 0.0) -> ListWatch:
    state = listing()
    assert state.next() == Watch("10", 300)
    state.opened(now)
    return state


def test_the_initial_state_is_streamed_and_the_stream_goes_on_as_the_watch() -> None:
    state = new()
    assert state.next() == Watch("", 300, initial=True)
    state.opened(0.0)
    state.streamed("10")
    state.saw("MODIFIED", "12")
    state.closed(400.0)
    assert state.next() == Watch("12", 300)


def test_a_server_that_does_not_stream_is_listed_at_once() -> None:
    state = new()
    state.next()
    state.failed(Invalid("sendInitialEvents is forbidden"), 0.0)
    assert state.next() == ListPage("0", 500)


@pytest.mark.parametrize("error", [ConnectError("refused"), TooManyRequests("busy")])
def test_a_busy_server_is_asked_to_stream_again_after_a_pause(error: APIError | TransportError) -> None:
    state = new()
    state.next()
    state.failed(error, 0.0)
    assert state.next() == Pause(0.8)
    assert state.next() == Watch("", 300, initial=True)


@pytest.mark.parametrize("error", [EXPIRED, GONE, TOO_LARGE])
def test_a_stream_from_an_unavailable_version_is_retried_from_the_newest(error: APIError) -> None:
    state = new()
    state.next()
    state.opened(0.0)
    state.streamed("10")
    state.failed(EXPIRED, 500.0)
    assert isinstance(state.next(), Pause)
    assert state.next() == Watch("10", 300, initial=True)
    state.failed(error, 500.0)
    assert state.next() == Watch("", 300, initial=True)


def test_a_stream_that_ends_before_its_bookmark_begins_again() -> None:
    state = new()
    state.next()
    state.opened(0.0)
    state.saw("ADDED", "4")
    state.closed(0.5)
    assert isinstance(state.next(), Pause)
    assert state.next() == Watch("", 300, initial=True)


def test_a_stream_that_ends_at_once_without_events_is_listed() -> None:
    state = new()
    state.next()
    state.opened(0.0)
    state.closed(0.5)
    assert state.next() == ListPage("0", 500)


def test_a_server_whose_initial_events_do_not_end_is_listed_from_then_on() -> None:
    state = new()
    state.next()
    state.opened(0.0)
    state.failed(TransportTimeout("no end"), 30.0)
    assert state.next() == ListPage("0", 500)
    state.listed("10", "")
    state.next()
    state.opened(30.0)
    state.failed(EXPIRED, 90.0)
    state.next()
    assert state.next() == ListPage("10", 0)


def test_pages_follow_the_token_and_the_first_one_gives_the_version() -> None:
    state = new(stream_initial=False)
    assert state.next() == ListPage("0", 500)
    assert not state.listed("10", "more")
    assert state.next() == ListPage("", 500, "more")
    assert state.listed("99", "")
    assert state.next() == Watch("10", 300)


def test_a_later_list_never_goes_back_and_is_not_paged() -> None:
    state = watching()
    state.saw("MODIFIED", "12")
    state.failed(EXPIRED, 5.0)
    assert isinstance(state.next(), Pause)
    assert state.next() == ListPage("12", 0)


def test_a_server_without_a_watch_cache_is_paged_for_ever() -> None:
    state = new(stream_initial=False)
    state.next()
    state.listed("10", "more")
    state.next()
    state.listed("10", "")
    state.next()
    state.opened(0.0)
    state.failed(EXPIRED, 5.0)
    state.next()
    assert state.next() == ListPage("10", 500)


@pytest.mark.parametrize(
    ("error", "then"),
    [
        (EXPIRED, ListPage("0", 0)),  # the token is too old: all of it at once
        (GONE, ListPage("", 500)),
        (TOO_LARGE, ListPage("", 500)),
        (InternalError("oops"), Pause(0.8)),
        (ConnectError("refused"), Pause(0.8)),
    ],
)
def test_a_later_page_that_fails_begins_the_list_again(error: APIError | TransportError, then: object) -> None:
    state = new(stream_initial=False)
    state.next()
    state.listed("10", "more")
    state.next()
    state.failed(error, 0.0)
    assert state.next() == then


@pytest.mark.parametrize("error", [EXPIRED, GONE, TOO_LARGE])
def test_an_unavailable_list_is_retried_once_from_the_newest_state(error: APIError) -> None:
    state = watching()
    state.failed(EXPIRED, 5.0)
    state.next()
    state.next()
    state.failed(error, 5.0)
    assert state.next() == ListPage("", 500)
    state.failed(error, 5.0)
    assert isinstance(state.next(), Pause)


def test_a_watch_that_ends_is_resumed_where_it_ended() -> None:
    state = watching()
    state.saw("ADDED", "11")
    state.saw("BOOKMARK", "15")
    state.closed(0.5)
    assert state.next() == Watch("15", 300)


def test_a_long_quiet_watch_is_resumed_too() -> None:
    state = watching()
    state.closed(300.0)
    assert state.next() == Watch("10", 300)


def test_a_very_short_watch_means_a_new_list_after_a_pause() -> None:
    state = watching()
    state.closed(0.5)
    assert state.next() == Pause(0.8)
    assert state.next() == ListPage("10", 0)
    assert state.restarts == 1


@pytest.mark.parametrize("error", [ConnectError("refused"), TooManyRequests("busy")])
def test_a_watch_that_cannot_be_opened_now_is_tried_again_without_a_list(error: APIError | TransportError) -> None:
    state = watching()
    state.failed(error, 5.0)
    assert state.next() == Pause(0.8)
    assert state.next() == Watch("10", 300)


@pytest.mark.parametrize("error", [EXPIRED, InternalError("oops"), Forbidden("no"), TransportError("reset")])
def test_other_errors_of_a_watch_lead_to_a_new_list(error: APIError | TransportError) -> None:
    state = watching()
    state.failed(error, 5.0)
    assert isinstance(state.next(), Pause)
    assert state.next() == ListPage("10", 0)


def test_added_events_of_a_watch_from_nowhere_do_not_count_as_progress() -> None:
    state = listing("")
    state.next()
    state.opened(0.0)
    state.saw("ADDED", "50")
    assert state.resource_version == ""
    state.saw("MODIFIED", "60")
    state.saw("ADDED", "61")
    assert state.resource_version == "61"


def test_pauses_double_up_to_thirty_seconds_and_start_again_after_two_quiet_minutes() -> None:
    backoff = Backoff(rand=lambda: 0.0)
    assert [backoff.delay(float(now)) for now in range(7)] == [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0]
    assert backoff.delay(126.0) == 30.0
    assert backoff.delay(247.0) == 0.8
    assert Backoff(rand=lambda: 0.5).delay(0.0) == pytest.approx(1.2)
