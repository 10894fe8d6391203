from __future__ import annotations

import pytest

from kubewright.ansible.events import REQUEUE_ACTIONS, Event, Stats, failure_message, outcome_of
from kubewright.objects.time import Duration

DONE = Event("stats", stats=Stats(ok=1))
FAILED = Event("stats", stats=Stats(failures=1))


def test_a_run_without_failures_has_succeeded() -> None:
    outcome = outcome_of([Event("task_start", "a"), Event("ok", "a"), DONE, Event("exit")])
    assert outcome.succeeded and outcome.stats == Stats(ok=1) and outcome.requeue_after is None


@pytest.mark.parametrize("event", ["failed", "unreachable"])
def test_failures_are_collected(event: str) -> None:
    broken = [Event(event, "a", message="one"), Event(event, "b")]  # type: ignore[arg-type]
    outcome = outcome_of([*broken, FAILED])
    assert not outcome.succeeded and outcome.failures == ["one", "unknown playbook failure"]


def test_a_failure_counts_even_if_the_statistics_say_nothing_of_it() -> None:
    assert outcome_of([Event("failed", message="one"), DONE]).failures == ["one"]


def test_ignored_and_rescued_failures_do_not_count() -> None:
    assert outcome_of([Event("failed", message="x", ignored=True), DONE]).succeeded
    assert outcome_of([Event("failed", message="x"), Event("stats", stats=Stats(rescued=1))]).succeeded
    assert not outcome_of([Event("failed", message="x"), Event("stats", stats=Stats(rescued=1, failures=1))]).succeeded


def test_a_run_without_statistics_broke_off() -> None:
    outcome = outcome_of([Event("ok", "a"), Event("exit", code=1, text="ERROR: no such role")])
    assert not outcome.succeeded and outcome.stats is None and outcome.last_words == "ERROR: no such role"


@pytest.mark.parametrize("action", sorted(REQUEUE_ACTIONS))
def test_a_task_can_ask_for_the_next_reconcile_and_the_run_goes_on(action: str) -> None:
    outcome = outcome_of([Event("ok", action=action, period="24h"), Event("failed", message="later"), FAILED])
    assert outcome.requeue_after == Duration("24h") and outcome.failures == ["later"]


def test_a_period_of_another_module_means_nothing() -> None:
    assert outcome_of([Event("ok", action="ansible.builtin.debug", period="24h"), DONE]).requeue_after is None


def test_failed_items_of_a_loop_speak_for_themselves() -> None:
    result = {
        "msg": "One or more items failed",
        "results": [{"failed": True, "msg": "a"}, {"msg": "ok"}, {"failed": True}],
    }
    assert failure_message(result) == "a; unknown playbook failure"
    assert failure_message({"msg": "plain"}) == "plain"
