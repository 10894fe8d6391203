from __future__ import annotations

from kubewright.controller.event_series import FINISH_AFTER, REFRESH_AFTER, EventCorrelator, EventKey

KEY = EventKey("Normal", "Created", "Reconcile", ("Website", "ns", "a", "u"))


def test_the_second_occurrence_makes_a_series_and_later_ones_are_only_counted() -> None:
    correlator = EventCorrelator()
    verdicts = [correlator.observe(KEY, f"a.{n}", "ns", float(n)) for n in range(4)]
    assert [verdict for verdict, _ in verdicts] == ["create", "update", "count", "count"]
    series = verdicts[-1][1]
    assert (series.name, series.count, series.last) == ("a.0", 4, 3.0)


def test_events_that_differ_in_reason_or_object_are_events_of_their_own() -> None:
    correlator = EventCorrelator()
    others = [KEY._replace(reason="Deleted"), KEY._replace(regarding=("Website", "ns", "b", "v"))]
    assert [correlator.observe(key, "x", "ns", 0.0)[0] for key in (KEY, *others)] == ["create"] * 3


def test_a_series_that_has_ended_is_written_once_more_and_then_forgotten() -> None:
    correlator = EventCorrelator()
    for _ in range(3):
        correlator.observe(KEY, "a.0", "ns", 0.0)
    assert correlator.due(FINISH_AFTER - 1) == []
    assert [series.count for series in correlator.due(FINISH_AFTER)] == [3]
    assert correlator.due(FINISH_AFTER) == []
    assert correlator.observe(KEY, "a.1", "ns", FINISH_AFTER)[0] == "create"


def test_a_running_series_is_written_every_half_hour() -> None:
    correlator = EventCorrelator()
    for second in range(0, int(REFRESH_AFTER) + 61, 60):
        correlator.observe(KEY, "a.0", "ns", float(second))
    assert [series.count for series in correlator.due(REFRESH_AFTER + 60)] == [32]
    assert correlator.due(REFRESH_AFTER + 61) == []


def test_an_event_that_never_repeated_needs_no_second_write() -> None:
    correlator = EventCorrelator()
    correlator.observe(KEY, "a.0", "ns", 0.0)
    assert correlator.due(FINISH_AFTER) == []


def test_a_flood_about_one_object_is_cut_and_trickles_afterwards() -> None:
    correlator = EventCorrelator()

    def verdict(number: int, now: float) -> str:
        return correlator.observe(KEY._replace(reason=f"R{number}"), "x", "ns", now)[0]

    assert [verdict(n, 0.0) for n in range(27)] == ["create"] * 25 + ["drop"] * 2
    assert correlator.observe(KEY._replace(regarding=("Website", "ns", "b", "v")), "x", "ns", 0.0)[0] == "create"
    assert [verdict(n, 300.0) for n in (50, 51)] == ["create", "drop"]


def test_what_is_remembered_is_bounded() -> None:
    correlator = EventCorrelator()
    correlator.observe(KEY, "a", "ns", 0.0)
    for number in range(5_000):
        other = KEY._replace(regarding=("Website", "ns", f"b{number}", f"u{number}"))
        correlator.observe(other, "b", "ns", 0.0)
    assert correlator.observe(KEY, "a", "ns", 1.0)[0] == "create"


def test_a_series_whose_event_is_gone_begins_anew() -> None:
    correlator = EventCorrelator()
    correlator.observe(KEY, "a.0", "ns", 0.0)
    _, series = correlator.observe(KEY, "a.1", "ns", 1.0)
    correlator.forget(series)
    verdict, series = correlator.observe(KEY, "a.2", "ns", 2.0)
    assert (verdict, series.name, series.count) == ("create", "a.2", 1)
    correlator.forget(EventCorrelator().observe(KEY, "x", "ns", 0.0)[1])  # one that is not known
    assert correlator.observe(KEY, "a.3", "ns", 3.0)[0] == "update"
