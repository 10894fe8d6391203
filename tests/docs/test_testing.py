from __future__ import annotations

import inspect
from typing import Any

from tests.docs.blocks import run_blocks

from kubewright.localcluster import LocalCluster
from kubewright.testing import TestCluster


async def test_the_tests_on_the_page_pass() -> None:
    code: dict[str, Any] = {"__name__": "note_operator"}
    assert run_blocks("testing.md", "testing", code) == 5
    tests = {name: test for name, test in code.items() if name.startswith("test_")}
    assert len(tests) == 4
    for test in tests.values():
        if not inspect.iscoroutinefunction(test):
            test()
        elif "cluster" in inspect.signature(test).parameters:
            async with LocalCluster() as local:
                await test(TestCluster(local))
        else:
            await test()


def test_the_page_on_replicas_shows_an_operator() -> None:
    assert run_blocks("replicas.md", "replicas", {"__name__": "replicas"}) == 1
