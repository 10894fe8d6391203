"""What a check is, what comes out of one, and which level a number of them show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

Verdict = Literal["pass", "fail", "not applicable"]


class Result(NamedTuple):
    """One check of one sample; ``how`` says how to pass it, and is empty where that has been done."""

    level: int
    check: str
    sample: str
    verdict: Verdict
    seen: str
    how: str = ""


class Check(NamedTuple):
    """One requirement of a capability level, and how an operator meets it."""

    level: int
    name: str
    how: str

    def passed(self, sample: str, seen: str) -> Result:
        return Result(self.level, self.name, sample, "pass", seen)

    def failed(self, sample: str, seen: str) -> Result:
        return Result(self.level, self.name, sample, "fail", seen, self.how)

    def not_applicable(self, sample: str, why: str) -> Result:
        return Result(self.level, self.name, sample, "not applicable", why, self.how)


def level_of(results: Sequence[Result]) -> int:
    """The highest level up to which each had a check that passed, and none that failed."""
    shown = 0
    for level in range(1, 6):
        verdicts = {result.verdict for result in results if result.level == level}
        if "fail" in verdicts or "pass" not in verdicts:
            break
        shown = level
    return shown
