from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from tests.docs.blocks import DOCS, run_blocks

from kubewright.localcluster import LocalCluster
from kubewright.testing import TestCluster

PAGE = "testing.md"
TESTS = re.findall(r"^(?:async )?def (test_\w+)", (DOCS / PAGE).read_text(encoding="utf-8"), re.MULTILINE)


def test_the_page_shows_tests() -> None:
    assert len(TESTS) == 4


@pytest.mark.parametrize("name", TESTS)
async def test_the_tests_on_the_page_pass(name: str) -> None:
    code: dict[str, Any] = {"__name__": "note_operator"}
    assert run_blocks(PAGE, "testing", code) == 5
    test = code[name]
    if not inspect.iscoroutinefunction(test):
        test()
    elif "cluster" in inspect.signature(test).parameters:
        async with LocalCluster() as local:
            await test(TestCluster(local))
    else:
        await test()


def test_the_page_on_replicas_shows_an_operator() -> None:
    assert run_blocks("replicas.md", "replicas", {"__name__": "replicas"}) == 1
