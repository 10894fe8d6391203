from __future__ import annotations

from math import inf
from typing import cast

import pytest
from tests.lifecycle.running import Calls, operator, stage
from tests.lifecycle.site import Site, SiteSpec, SiteStatus, site

from kubewright import Context, ObjectKey, Requeue, TerminalError
from kubewright.lifecycle import Function, Matching, Memos, Timer

NO_CONTEXT = cast("Context", None)  # for functions that ask for nothing of it
BLOG = ObjectKey("default", "blog")


class Bench:
    """A timer whose clock stands still."""

    def __init__(self, *, lasting: float = 0.0, outcome: Requeue | Exception | None = None, **options: float) -> None:
        self.now = 100.0
        self.calls: list[float] = []
        self.lasting = lasting
        self.outcome = outcome

        async def tick() -> Requeue | None:
            self.calls.append(self.now)
            self.now += self.lasting
            if isinstance(self.outcome, Exception):
                raise self.outcome
            return self.outcome

        interval = options.pop("interval", 10.0)
        self.timer = Timer(
            Function(tick, Site),
            Matching(Site, labels="timed!=no"),
            cls=Site,
            interval=interval,
            memos=Memos(),
            initial_delay=options.pop("initial_delay", 0.0),
            idle=options.pop("idle", 0.0),
            sharp=bool(options.pop("sharp", False)),
            clock=lambda: self.now,
        )

    async def at(self, now: float, *, generation: int = 1, uid: str = "1", timed: str = "yes") -> float | None:
        """Reconcile; says in how many seconds the timer wants to be asked again."""
        self.now = now
        blog = site(uid=uid, generation=generation, labels={"timed": timed})
        again = await self.timer.reconcile(blog, NO_CONTEXT)
        return again.after if again is not None else None


async def test_it_is_called_at_once_and_then_at_every_interval_however_often_it_is_asked() -> None:
    bench = Bench()
    assert [await bench.at(now) for now in (100, 101, 105, 110, 111)] == [10, 9, 5, 10, 9]
    assert bench.calls == [100, 110]


@pytest.mark.parametrize(("sharp", "following"), [(False, 10.0), (True, 7.0)])
async def test_the_interval_counts_from_the_end_or_from_the_due_time(sharp: bool, following: float) -> None:
    assert await Bench(lasting=3.0, sharp=sharp).at(100) == following


async def test_a_sharp_timer_leaves_out_what_it_missed() -> None:
    assert await Bench(lasting=25.0, sharp=True).at(100) == 5.0


async def test_it_waits_for_its_first_time_and_for_quiet() -> None:
    delayed = Bench(initial_delay=30.0)
    assert [await delayed.at(now) for now in (100, 129, 130)] == [30, 1, 10]
    idle = Bench(idle=5.0)
    assert [await idle.at(100), await idle.at(103, generation=2), await idle.at(108, generation=2)] == [5, 5, 10]
    assert idle.calls == [108]


async def test_without_an_interval_it_is_called_once_each_time_the_spec_comes_to_rest() -> None:
    bench = Bench(idle=5.0, interval=inf)
    assert [await bench.at(now) for now in (100, 105, 500)] == [5, None, None]
    assert [await bench.at(now, generation=2) for now in (501, 506, 900)] == [5, None, None]
    assert bench.calls == [105, 506]


async def test_the_first_time_may_depend_on_the_object() -> None:
    async def tick() -> None: ...

    timer = Timer(
        Function(tick, Site),
        Matching(Site),
        cls=Site,
        interval=10.0,
        memos=Memos(),
        initial_delay=lambda spec, name: spec.replicas * len(name),
        clock=lambda: 100.0,
    )
    outcome = await timer.reconcile(site(spec=SiteSpec(replicas=3)), NO_CONTEXT)
    assert outcome is not None and outcome.after == 12


async def test_the_function_may_choose_the_next_time() -> None:
    assert await Bench(outcome=Requeue(after=2.5)).at(100) == 2.5


async def test_after_a_failure_it_is_due_still() -> None:
    bench = Bench(outcome=OSError("busy"))
    for now in (100, 101):
        with pytest.raises(OSError, match="busy"):
            await bench.at(now)
    assert bench.calls == [100, 101]


async def test_what_failed_for_good_rests_until_the_spec_changes() -> None:
    bench = Bench(outcome=TerminalError("no"))
    with pytest.raises(TerminalError):
        await bench.at(100)
    assert await bench.at(500) is None
    bench.outcome = None
    assert await bench.at(501, generation=2) == 10


async def test_another_object_of_the_same_name_begins_anew() -> None:
    bench = Bench()
    await bench.at(100)
    assert await bench.at(101, uid="2") == 10
    await bench.timer.leave(BLOG)
    assert await bench.at(102, uid="2") == 10


async def test_it_rests_while_its_object_does_not_match() -> None:
    bench = Bench()
    await bench.at(100)
    assert await bench.at(101, timed="no") is None
    assert await bench.at(102) == 10


async def test_a_timer_of_an_operator_writes_the_status() -> None:
    op, calls = operator(), Calls()

    @op.timer(Site, interval=0.001)
    def tick(status: SiteStatus) -> None:
        if status.seen < 3:
            status.seen += 1
        calls.append(status.seen)

    async with stage() as s, s.running(op):
        await s.user.create(site())
        await s.until(lambda found: found.status.seen == 3)
        await calls.reach(len(calls) + 2)
        await s.user.delete(Site, "blog", "default")
        await s.gone()


async def test_one_that_remembers_goes_on_after_a_restart() -> None:
    op, again, calls = operator(), operator(), Calls()

    async def backup(status: SiteStatus) -> None:
        status.message = "saved"
        calls.append("backup")

    for one in (op, again):
        one.timer(Site, interval=3600, remember=True)(backup)
    seen = Calls()

    @again.on_resume(Site)
    async def look(name: str) -> None:
        seen.append(name)

    async with stage() as s:
        async with s.running(op):
            await s.user.create(site())
            found = await s.until(
                lambda found: "timers.kubewright.dev/site-operator.backup" in found.metadata.annotations
            )
            assert found.status.message == "saved"
        async with s.running(again):
            await seen.reach(1)
    assert calls == ["backup"]


@pytest.mark.parametrize(
    ("remembered", "again"),
    [
        ("1970-01-01T00:16:44+00:00", 4.0),
        ("1970-01-01T00:16:30+00:00", 10.0),  # it is overdue, is called, and rests
        ("2100-01-01T00:00:00+00:00", 10.0),  # by a clock that was wrong
        ("nonsense", 5.0),
    ],
)
async def test_what_it_remembers_counts_up_to_an_interval_ahead(remembered: str, again: float) -> None:
    async def tick() -> None: ...

    timer = Timer(
        Function(tick, Site),
        Matching(Site),
        cls=Site,
        interval=10.0,
        initial_delay=5.0,
        memos=Memos(),
        annotation="next",
        clock=lambda: 100.0,
        wall_clock=lambda: 1000.0,
    )
    ctx = cast("Context", _Unwritten())
    outcome = await timer.reconcile(site(annotations={"next": remembered}), ctx)
    assert outcome is not None and outcome.after == again


class _Unwritten:
    """A context that takes what is written to it, and forgets it."""

    @property
    def client(self) -> _Unwritten:
        return self

    async def write_status(self) -> None: ...

    async def patch(self, obj: Site, *, merge: object) -> None: ...
