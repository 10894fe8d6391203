from __future__ import annotations

import datetime as dt

from kubewright.controller.conditions import find_condition, is_condition_true, remove_condition, set_condition
from kubewright.objects import Condition

T0 = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
T1 = T0 + dt.timedelta(hours=1)


def test_a_new_condition_is_added_with_its_time() -> None:
    conditions: list[Condition] = []
    assert set_condition(conditions, "Ready", False, reason="Starting", message="wait", observed_generation=3, at=T0)
    assert conditions == [
        Condition(
            type="Ready",
            status="False",
            reason="Starting",
            message="wait",
            observed_generation=3,
            last_transition_time=T0,
        )
    ]


def test_the_time_changes_with_the_status_only() -> None:
    conditions: list[Condition] = []
    set_condition(conditions, "Ready", False, reason="Starting", at=T0)
    assert set_condition(conditions, "Ready", False, reason="StillStarting", observed_generation=2, at=T1)
    ready = find_condition(conditions, "Ready")
    assert ready is not None
    assert (ready.reason, ready.observed_generation, ready.last_transition_time) == ("StillStarting", 2, T0)
    assert set_condition(conditions, "Ready", True, reason="Done", at=T1)
    assert ready.last_transition_time == T1


def test_saying_the_same_again_changes_nothing() -> None:
    conditions: list[Condition] = []
    set_condition(conditions, "Ready", "Unknown", reason="Asking", at=T0)
    assert not set_condition(conditions, "Ready", "Unknown", reason="Asking", at=T1)
    assert len(conditions) == 1


def test_conditions_are_found_and_removed_by_type() -> None:
    conditions: list[Condition] = []
    set_condition(conditions, "Ready", True, reason="Done")
    assert is_condition_true(conditions, "Ready")
    assert not is_condition_true(conditions, "Degraded")
    assert remove_condition(conditions, "Ready")
    assert not remove_condition(conditions, "Ready")
    assert conditions == []
