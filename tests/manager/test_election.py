from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubewright.manager.election import Election, LeaseRecord, Timing

T0 = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def wall(seconds: float) -> dt.datetime:
    return T0 + dt.timedelta(seconds=seconds)


def held_by(holder: str, *, duration: float = 15.0, renewed: float = 0.0, transitions: int = 0) -> LeaseRecord:
    return LeaseRecord(holder, duration, wall(0), wall(renewed), transitions)


@pytest.mark.parametrize(
    "timing",
    [Timing(10, 10, 2), Timing(15, 2.4, 2), Timing(15, 10, 0), Timing(15, 0, 2), Timing(0.5, 0.4, 0.1)],
)
def test_contradictory_timings_are_refused(timing: Timing) -> None:
    with pytest.raises(ValueError, match=r"lease|deadline|times"):
        Election("me", timing)


def test_an_empty_identity_is_refused() -> None:
    with pytest.raises(ValueError, match="identity"):
        Election("")


def test_nobody_has_ever_held_it() -> None:
    election = Election("me")
    assert election.bid(0.0, wall(0)) == LeaseRecord("me", 15.0, wall(0), wall(0), 0)
    assert not election.is_leader


def test_a_lease_held_by_another_is_left_alone_until_it_was_seen_unchanged_for_its_duration() -> None:
    election = Election("me")
    election.observe(held_by("other"), 100.0)
    assert election.bid(114.9, wall(0)) is None
    election.observe(held_by("other"), 114.9)
    assert election.bid(115.0, wall(50)) == LeaseRecord("me", 15.0, wall(50), wall(50), 1)


def test_a_renewal_by_the_other_starts_its_time_again_however_wrong_its_clock_is() -> None:
    election = Election("me")
    election.observe(held_by("other", renewed=0.0), 100.0)
    election.observe(held_by("other", renewed=-3600.0), 110.0)
    assert election.bid(124.9, wall(0)) is None
    assert election.bid(125.0, wall(0)) is not None


def test_the_duration_in_the_record_counts_not_our_own() -> None:
    election = Election("me")
    election.observe(held_by("other", duration=60.0), 0.0)
    assert election.bid(59.0, wall(0)) is None
    assert election.bid(60.0, wall(0)) is not None


def test_a_lease_without_holder_is_free_at_once() -> None:
    election = Election("me")
    election.observe(held_by("", transitions=4), 0.0)
    bid = election.bid(0.0, wall(1))
    assert bid == LeaseRecord("me", 15.0, wall(1), wall(1), 5)


def test_a_renewal_keeps_the_time_of_acquisition_and_the_transitions() -> None:
    election = Election("me")
    election.wrote(held_by("me", transitions=3), 0.0)
    assert election.renewal(10.0, wall(10)) == LeaseRecord("me", 15.0, wall(0), wall(10), 3)


def test_an_expired_holder_has_to_read_again_before_it_writes() -> None:
    election = Election("me")
    election.wrote(held_by("me"), 0.0)
    assert election.renewal(15.0, wall(15)) is None
    assert election.bid(15.0, wall(15)) == LeaseRecord("me", 15.0, wall(0), wall(15), 0)
    election.observe(held_by("other", renewed=14), 15.0)
    assert election.bid(15.0, wall(15)) is None
    assert (election.leader, election.is_leader) == ("other", False)


def test_a_holder_knows_for_how_long_it_has_been_overdue() -> None:
    election = Election("me")
    assert election.overdue(100.0) == 0.0
    election.wrote(held_by("me"), 0.0)
    assert (election.overdue(14.0), election.overdue(18.0)) == (0.0, 3.0)
    election.observe(held_by("other"), 20.0)
    assert election.overdue(100.0) == 0.0


def test_only_the_holder_releases() -> None:
    election = Election("me")
    assert election.release(wall(0)) is None
    election.observe(held_by("other"), 0.0)
    assert election.release(wall(0)) is None
    election.observe(held_by("me", transitions=2), 0.0)
    assert election.release(wall(7)) == LeaseRecord("", 1.0, wall(7), wall(7), 2)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0.1, 5.0)), max_size=80), st.floats(-1e4, 1e4))
def test_two_candidates_never_both_hold_a_valid_lease(turns: list[tuple[str, float]], skew: float) -> None:
    """Candidates take turns in any rhythm, with clocks apart by ``skew``; the server decides by last read version."""
    elections = {name: Election(name) for name in "ab"}
    skews = {"a": 0.0, "b": skew}
    stored: LeaseRecord | None = None
    now = 0.0
    for name, pause in turns:
        now += pause
        local, election = now + skews[name], elections[name]
        if stored is not None:
            election.observe(stored, local)
        bid = election.bid(local, wall(local))
        if bid is not None:
            stored = bid
            election.wrote(bid, local)
        leading = [n for n, e in elections.items() if e.is_leader and e.is_valid(now + skews[n])]
        assert len(leading) <= 1


def test_a_holder_makes_way_for_whom_it_finds_preferred() -> None:
    election = Election("me")
    election.observe(held_by("me")._replace(preferred="dev"), 0.0)
    assert election.is_superseded
    assert election.renewal(1.0, wall(1)) is None and election.bid(1.0, wall(1)) is None
    farewell = election.release(wall(2))
    assert farewell is not None and (farewell.holder, farewell.preferred) == ("", "dev")


def test_a_free_lease_is_reserved_for_the_preferred_for_one_duration() -> None:
    reserved = held_by("", duration=1.0)._replace(preferred="dev")
    other, dev = Election("other"), Election("dev")
    for election in (other, dev):
        election.observe(reserved, 100.0)
    assert other.bid(114.9, wall(0)) is None and other.bid(115.0, wall(0)) is not None
    taken = dev.bid(100.0, wall(0))
    assert taken is not None and (taken.holder, taken.preferred) == ("dev", "")


def test_a_claim_is_made_once_and_only_against_a_holder() -> None:
    dev = Election("dev")
    assert dev.claim(0.0) is None
    dev.observe(held_by("other"), 0.0)
    claim = dev.claim(1.0)
    assert claim == held_by("other")._replace(preferred="dev")
    dev.wrote(claim, 1.0)
    assert dev.claim(2.0) is None
    assert not dev.is_superseded
    dev.observe(held_by("dev"), 3.0)
    assert dev.claim(4.0) is None
