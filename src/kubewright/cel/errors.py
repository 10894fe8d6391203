"""What can go wrong with an expression: at compilation, with a position, or at evaluation."""

from __future__ import annotations

from typing import NamedTuple


class Issue(NamedTuple):
    """One fault in the text; ``offset`` counts characters from 0."""

    offset: int
    message: str


class CompileError(ValueError):
    """An expression that cannot be used; the text of the error shows each issue in its line, as cel-go prints it."""

    def __init__(self, source: str, issues: list[Issue]) -> None:
        self.source = source
        self.issues = issues
        super().__init__("\n".join(_show(source, issue) for issue in issues))


def _show(source: str, issue: Issue) -> str:
    before = source[: issue.offset]
    line = before.count("\n") + 1
    column = issue.offset - (before.rfind("\n") + 1)
    snippet = source.split("\n")[line - 1].replace("\t", " ")
    return f"ERROR: <input>:{line}:{column + 1}: {issue.message}\n | {snippet}\n | {'.' * column}^"


class EvaluationError(Exception):
    """An expression that has no value for this input: a missing key, an overflow, a failed conversion, ..."""


class BudgetExceeded(EvaluationError):
    """The evaluation was stopped because it cost more than it may."""

    def __init__(self) -> None:
        super().__init__("operation cancelled: actual cost limit exceeded")
