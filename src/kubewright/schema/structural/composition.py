"""``anyOf``, ``oneOf``, ``allOf`` and ``not``.

Where alternatives fail, Kubernetes says so in an error without a field and adds the errors of the alternative that came
closest: the one that had most to check (``schemaPropsValidator`` of ``k8s.io/kube-openapi``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import show
from kubewright.schema.node import MISSING, Node
from kubewright.schema.structural.problems import NO_FIELD, Problem, Problems

Check = Callable[[Any, Any], Problems]
Compile = Callable[[Node], Check]


def compile_composition(raw: Mapping[str, Any], compile_values: Compile) -> Check | None:
    """The check of all four keywords, or None where a schema has none of them."""
    rules = [
        rule([(Node(branch), compile_values(Node(branch))) for branch in raw[keyword]])
        for keyword, rule in (("anyOf", _any_of), ("oneOf", _one_of), ("allOf", _all_of))
        if raw.get(keyword)
    ]
    if raw.get("not") is not None:
        rules.append(_not(compile_values(Node(raw["not"]))))
    if not rules:
        return None

    def check(value: Any, old: Any) -> Problems:
        problems = [problem for rule in rules for problem in rule(value) or ()]
        return problems or None

    return check


Branches = Sequence[tuple[Node, Check]]


def _any_of(branches: Branches) -> Callable[[Any], Problems]:
    def check(value: Any) -> Problems:
        failures = []
        for node, branch in branches:
            problems = branch(value, MISSING)
            if problems is None:
                return None
            failures.append((node, problems))
        return [_composite("must validate at least one schema (anyOf)"), *_closest(failures, value)]

    return check


def _one_of(branches: Branches) -> Callable[[Any], Problems]:
    def check(value: Any) -> Problems:
        results = [(node, branch(value, MISSING)) for node, branch in branches]
        valid = sum(problems is None for _, problems in results)
        if valid == 1:
            return None
        if valid:
            text = f"must validate one and only one schema (oneOf). Found {valid} valid alternatives"
            return [_composite(text)]
        failures = [(node, problems) for node, problems in results if problems is not None]
        text = "must validate one and only one schema (oneOf). Found none valid"
        return [_composite(text), *_closest(failures, value)]

    return check


def _all_of(branches: Branches) -> Callable[[Any], Problems]:
    def check(value: Any) -> Problems:
        failures = [problems for _, branch in branches if (problems := branch(value, MISSING)) is not None]
        if not failures:
            return None
        suffix = ". None validated" if len(failures) == len(branches) else ""
        inner = [problem for problems in failures for problem in problems]
        return [*inner, _composite(f"must validate all the schemas (allOf){suffix}")]

    return check


def _not(branch: Check) -> Callable[[Any], Problems]:
    def check(value: Any) -> Problems:
        return [_composite("must not validate the schema (not)")] if branch(value, MISSING) is None else None

    return check


def _composite(text: str) -> Problem:
    return Problem(lambda path: Cause("FieldValueInvalid", f'Invalid value: "": {show(path)} {text}', NO_FIELD))


def _closest(failures: Sequence[tuple[Node, list[Problem]]], value: Any) -> list[Problem]:
    return max(failures, key=lambda failure: _checked(failure[0], value))[1]


def _checked(node: Node, value: Any) -> int:
    """How many values a schema has something to say about."""
    count = 1
    if isinstance(value, dict):
        count += sum(_checked(child, one) for key, one in value.items() if (child := node.field(key)) is not None)
    elif isinstance(value, list) and node.items is not None:
        count += sum(_checked(node.items, one) for one in value)
    return count
