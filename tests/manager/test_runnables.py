from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.virtual_time import run

from kubewright.manager.runnables import Group, RunnableFailed, RunnableGroup


class Part:
    """Becomes ready, then stops, after so many seconds."""

    def __init__(self, name: str, log: list[str], *, ready_after: float = 0.0, stop_after: float = 0.0) -> None:
        self.name = name
        self.log = log
        self.ready_after = ready_after
        self.stop_after = stop_after

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        await asyncio.sleep(self.ready_after)
        self.log.append(f"{self.name} ready")
        ready()
        await stop.wait()
        await asyncio.sleep(self.stop_after)
        self.log.append(f"{self.name} stopped")


def unexpected(error: BaseException) -> None:
    raise AssertionError from error


def test_a_group_is_started_when_all_of_it_is_ready_and_stopped_when_all_has_ended() -> None:
    async def main() -> list[str]:
        log: list[str] = []
        group = RunnableGroup(Group.OTHERS)
        group.add(Part("slow", log, ready_after=5, stop_after=5))
        group.add(Part("quick", log))
        await group.start(unexpected)
        log.append("started")
        assert await group.stop(None) == []
        return log

    assert run(main) == ["quick ready", "slow ready", "started", "quick stopped", "slow stopped"]


def test_one_may_be_stopped_while_the_others_go_on() -> None:
    async def main() -> list[str]:
        log: list[str] = []
        group, leaving = RunnableGroup(Group.OTHERS), Part("leaving", log, stop_after=3)
        group.add(leaving)
        group.add(Part("staying", log))
        await group.start(unexpected)
        await group.remove(leaving)
        log.append("removed")
        group.add(leaving)
        await asyncio.sleep(1)
        assert await group.stop(None) == []
        return log

    begun = ["leaving ready", "staying ready", "leaving stopped", "removed", "leaving ready"]
    assert run(main) == [*begun, "staying stopped", "leaving stopped"]


async def test_what_goes_wrong_while_it_is_stopped_is_told_to_who_stops_it() -> None:
    class Broken(Part):
        async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
            await super().run(stop, ready)
            raise OSError("the disk is full")

    group, broken = RunnableGroup(Group.OTHERS), Broken("broken", [])
    group.add(broken)
    await group.start(unexpected)
    with pytest.raises(OSError, match="the disk is full"):
        await group.remove(broken)
    assert await group.stop(None) == []


def test_what_is_added_later_starts_at_once() -> None:
    async def main() -> list[str]:
        log: list[str] = []
        group = RunnableGroup(Group.OTHERS)
        await group.start(unexpected)
        group.add(Part("late", log))
        await asyncio.sleep(1)
        await group.stop(None)
        return log

    assert run(main) == ["late ready", "late stopped"]


def test_what_does_not_stop_in_time_is_cancelled() -> None:
    async def main() -> list[str]:
        log: list[str] = []
        group = RunnableGroup(Group.OTHERS)
        group.add(Part("stubborn", log, stop_after=1e6))
        await group.start(unexpected)
        start = asyncio.get_running_loop().time()
        assert await group.stop(start + 30) == []
        assert asyncio.get_running_loop().time() == pytest.approx(start + 30)
        return log

    assert run(main) == ["stubborn ready"]


@pytest.mark.parametrize("error", [ValueError("boom"), None])
def test_a_part_that_ends_by_itself_is_reported(error: Exception | None) -> None:
    class Ending:
        async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
            if error is not None:
                raise error

    async def main() -> list[BaseException]:
        failures: list[BaseException] = []
        group = RunnableGroup(Group.OTHERS)
        group.add(Ending())
        await group.start(failures.append)
        await group.stop(None)
        return failures

    (failure,) = run(main)
    assert failure is error if error is not None else isinstance(failure, RunnableFailed)


def test_errors_while_stopping_are_collected() -> None:
    class Failing:
        async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
            ready()
            await stop.wait()
            raise ValueError("at the end")

    async def main() -> list[BaseException]:
        group = RunnableGroup(Group.OTHERS)
        group.add(Failing())
        await group.start(unexpected)
        return await group.stop(None)

    assert [str(error) for error in run(main)] == ["at the end"]


def test_what_is_added_while_it_stops_is_not_started() -> None:
    async def main() -> list[str]:
        log: list[str] = []
        group = RunnableGroup(Group.OTHERS)
        group.add(Part("slow", log, stop_after=5))
        await group.start(unexpected)
        stopping = asyncio.create_task(group.stop(None))
        await asyncio.sleep(1)
        group.add(Part("late", log))
        await stopping
        group.add(Part("later", log))
        await asyncio.sleep(1)
        return log

    assert run(main) == ["slow ready", "slow stopped"]


def test_an_empty_group_starts_and_stops() -> None:
    async def main() -> list[BaseException]:
        group = RunnableGroup(Group.CACHES)
        await group.start(unexpected)
        return await group.stop(0.0)

    assert run(main) == []
