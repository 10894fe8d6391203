from __future__ import annotations

from kubewright.controller.hot_loops import LIMIT, WINDOW, HotLoops
from kubewright.workqueue import Cause

OWN = Cause("update", "Website", "default/a", "7")


def test_one_object_that_leads_to_another_again_and_again_is_named_once() -> None:
    loops = HotLoops[str]()
    found = [loops.note("a", [OWN], now=number / 1000) for number in range(LIMIT + 50)]
    assert found[LIMIT - 1] == OWN
    assert [one for one in found if one is not None] == [OWN]


def test_it_is_named_again_when_it_goes_on() -> None:
    loops = HotLoops[str]()
    found = [loops.note("a", [OWN], now=number / LIMIT) for number in range(int(3 * WINDOW * LIMIT))]
    assert sum(one is not None for one in found) == 3


def test_many_objects_that_lead_to_one_are_no_loop() -> None:
    loops = HotLoops[str]()
    pods = [Cause("update", "Pod", f"default/{number}") for number in range(50)]
    assert not any(loops.note("a", [pod], now=0.1) for pod in pods * (LIMIT // len(pods)))


def test_what_changes_slowly_is_no_loop() -> None:
    loops = HotLoops[str]()
    assert not any(loops.note("a", [OWN], now=number * WINDOW / (LIMIT - 1)) for number in range(1000))


def test_requeues_are_asked_for() -> None:
    loops = HotLoops[str]()
    assert not any(loops.note("a", [Cause("requeue")], now=0.1) for _ in range(2 * LIMIT))


def test_memory_is_bounded() -> None:
    loops = HotLoops[int]()
    for number in range(100_000):
        loops.note(number, [OWN], now=0.1)
    assert len(loops._seen) <= 1000
