"""Which level a number of results show."""

from __future__ import annotations

from typing import Any

import pytest

from kubewright.testing.capabilities import Result, level_of


@pytest.mark.parametrize(
    ("levels", "shown"),
    [
        ({1: "fail"}, 0),
        ({1: "pass", 2: "fail"}, 1),
        ({1: "pass", 2: "not applicable"}, 1),
        ({1: "pass", 2: "pass", 3: "not applicable", 4: "pass"}, 2),
    ],
)
def test_a_level_is_shown_when_it_was_played_and_nothing_up_to_it_failed(levels: dict[int, Any], shown: int) -> None:
    assert level_of([Result(level, "check", "a", verdict, "") for level, verdict in levels.items()]) == shown
