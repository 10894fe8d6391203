from __future__ import annotations

import sys

import pytest

from kubewright.cache.memory import give_back


def resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is resident")
def test_memory_between_what_is_kept_is_given_back() -> None:
    pieces = [bytearray(64 * 1024) for _ in range(512)]
    kept = pieces[::64]
    full = resident()
    del pieces
    give_back()
    assert resident() < full - 16 * 1024 * 1024
    assert len(kept) == 8
