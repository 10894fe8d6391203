from __future__ import annotations

import asyncio
import os
import signal

from kubewright.manager.process import run_event_loop, stop_on_signals


async def test_a_signal_asks_to_stop() -> None:
    with stop_on_signals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(stop.wait(), 5)


async def test_a_second_signal_is_no_longer_caught() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(stop.wait(), 5)
        assert signal.getsignal(signal.SIGTERM) == before


def test_the_fastest_loop_there_is_runs_it() -> None:
    loops: list[str] = []

    async def main() -> None:
        loops.append(type(asyncio.get_running_loop()).__module__)

    run_event_loop(main)
    assert loops == ["uvloop"]
