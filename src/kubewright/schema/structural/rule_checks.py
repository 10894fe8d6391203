"""Whether the CEL rules of a schema may be used: well-formed entries that compile, and that cannot cost too much.

The cost of a rule is what one evaluation can cost at most, times how often its place can occur in one object; limits
and texts are those of the apiextensions-apiserver.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kubewright.cel.cost import UNBOUNDED
from kubewright.cel.types import Type
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import forbidden, invalid, not_supported, required
from kubewright.schema.node import Node
from kubewright.schema.structural.declarations import MAX_REQUEST_BYTES, declare
from kubewright.schema.structural.field_paths import FieldPathError, follow
from kubewright.schema.structural.rules import Rule, RuleError
from kubewright.schema.structural.spared import NOTHING_SPARED, Spared

Raw = Mapping[str, Any]

MAX_RULE_COST = 10_000_000
MAX_SCHEMA_COST = 100_000_000
_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_MOST_EXPENSIVE = 4
_CONTRIBUTED = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
_NO_TYPE = "Internal error: internal error: failed to retrieve type information for x-kubernetes-validations"


def check_rule_entries(raw: Raw, path: str) -> Iterator[Cause]:
    """What is wrong with the entries of ``x-kubernetes-validations`` before looking at their CEL."""
    for index, rule in enumerate(raw.get("x-kubernetes-validations") or ()):
        yield from _check_entry(raw, rule, f"{path}.x-kubernetes-validations[{index}]")


def _check_entry(raw: Raw, rule: Raw, path: str) -> Iterator[Cause]:
    source, message = str(rule.get("rule") or ""), str(rule.get("message") or "")
    if not source.strip():
        yield required(f"{path}.rule", "rule is not specified")
    elif message and not message.strip():
        yield invalid(f"{path}.message", message, "message must be non-empty if specified")
    elif _has_newlines(message.strip()):
        yield invalid(f"{path}.message", message, "message must not contain line breaks")
    elif _has_newlines(source.strip()) and not message:
        yield required(f"{path}.message", "message must be specified if rule contains line breaks")
    expression = rule.get("messageExpression")
    if expression and not expression.strip():
        yield required(f"{path}.messageExpression", "messageExpression must be non-empty if specified")
    reason = rule.get("reason")
    if reason is not None and reason not in _REASONS:
        yield not_supported(f"{path}.reason", reason, _REASONS)
    field_path = rule.get("fieldPath")
    if not field_path:
        return
    if not field_path.strip():
        yield invalid(f"{path}.fieldPath", field_path, "fieldPath must be non-empty if specified")
    if _has_newlines(field_path):
        yield invalid(f"{path}.fieldPath", field_path, "fieldPath must not contain line breaks")
    if not _leads_to_field(raw, field_path):
        yield invalid(f"{path}.fieldPath", field_path, "fieldPath must be a valid path")


def _has_newlines(text: str) -> bool:
    return "\n" in text or "\r" in text


def _leads_to_field(raw: Raw, path: str) -> bool:
    try:
        follow(raw, path)
    except FieldPathError:
        return False
    return True


@dataclass
class _Check:
    """One pass over a schema; ``costs`` collects what each expression can cost, with its path."""

    sound: Sequence[Cause]
    spared: Spared
    errors: list[Cause] = field(default_factory=list)
    costs: list[tuple[int, str]] = field(default_factory=list)

    def visit(self, node: Node, self_type: Type | None, path: str, cardinality: int | None, uncorrelated: str) -> None:
        """Check the rules of a schema and of everything below it.

        :param self_type: what CEL makes of the schema; None where it cannot see it, nor anything below.
        :param cardinality: how often the place can occur; None if nothing bounds it.
        """
        rules = node.raw.get("x-kubernetes-validations") or ()
        if rules and not any(error.field.startswith(path) for error in self.sound):
            if self_type is None:
                self.errors.append(Cause("InternalError", _NO_TYPE, f"{path}.x-kubernetes-validations"))
            else:
                for index, raw in enumerate(rules):
                    where = f"{path}.x-kubernetes-validations[{index}]"
                    self.rule(raw, node, self_type, where, cardinality, uncorrelated)
        inner = _multiply(cardinality, _most_children(node))
        if node.items is not None:
            items_type = self_type.params[0] if self_type is not None and self_type.kind == "list" else None
            items_uncorrelated = uncorrelated if node.list_type == "map" else uncorrelated or path
            self.visit(node.items, items_type, f"{path}.items", inner, items_uncorrelated)
        if isinstance(node.raw.get("additionalProperties"), Mapping) and node.additional is not None:
            values_type = self_type.params[1] if self_type is not None and self_type.kind == "map" else None
            self.visit(node.additional, values_type, f"{path}.additionalProperties", inner, uncorrelated)
        for name, prop in node.properties.items():
            prop_type = None if self_type is None else declare(prop)
            self.visit(prop, prop_type, f"{path}.properties[{name}]", inner, uncorrelated)

    def rule(
        self, raw: Raw, node: Node, self_type: Type, path: str, cardinality: int | None, uncorrelated: str
    ) -> None:
        try:
            rule = Rule(raw, self_type, node.raw)
        except RuleError as error:
            self.errors.append(invalid(f"{path}.{error.field}", dict(raw), error.detail))
            return
        often = MAX_REQUEST_BYTES // (self_type.min_size + 1) if cardinality is None else cardinality
        self.cost("rule cost", rule.program.cost.high * often, f"{path}.rule")
        if rule.message_error is not None:
            field, detail = rule.message_error.field, rule.message_error.detail
            self.errors.append(invalid(f"{path}.{field}", dict(raw), detail))
        elif rule.message_expression is not None:
            self.cost("messageExpression cost", rule.message_expression.cost.high, f"{path}.messageExpression")
        if rule.uses_old_self and uncorrelated:
            detail = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {uncorrelated}"
            self.errors.append(invalid(f"{path}.rule", rule.source, detail))
        elif not rule.uses_old_self and raw.get("optionalOldSelf") is not None:
            detail = "may not be set if oldSelf is not used in rule"
            self.errors.append(invalid(f"{path}.optionalOldSelf", raw["optionalOldSelf"], detail))

    def cost(self, what: str, cost: int, path: str) -> None:
        cost = min(cost, UNBOUNDED)
        self.costs.append((cost, path))
        if cost > MAX_RULE_COST and not self.spared.rule_costs:
            self.errors.append(forbidden(path, _too_costly(f"estimated {what}", cost, MAX_RULE_COST)))


def check_rules(raw: Raw, path: str, schema_errors: Sequence[Cause], spared: Spared = NOTHING_SPARED) -> list[Cause]:
    """Compile every rule of a schema that has no other error around it."""
    node = Node(raw)
    check = _Check(schema_errors, spared)
    check.visit(node, declare(node, resource_root=True), path, 1, "")
    total = sum(cost for cost, _ in check.costs)
    if total > MAX_SCHEMA_COST:
        for _, expensive in sorted(check.costs, reverse=True)[:_MOST_EXPENSIVE]:
            check.errors.append(forbidden(expensive, _CONTRIBUTED))
        what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        check.errors.append(forbidden(path, _too_costly(what, total, MAX_SCHEMA_COST)))
    return check.errors


def _most_children(node: Node) -> int | None:
    """By what a list or map multiplies its children; None if it has no bound."""
    if node.type == "array":
        most = node.raw.get("maxItems")
    elif node.type == "object" and node.raw.get("additionalProperties") is not None:
        most = node.raw.get("maxProperties")
    else:
        return 1
    return None if most is None else max(0, int(most))


def _multiply(cardinality: int | None, factor: int | None) -> int | None:
    return None if cardinality is None or factor is None else min(cardinality * factor, UNBOUNDED)


def _too_costly(what: str, cost: int, limit: int) -> str:
    times = cost / limit
    factor = "more than 100x" if times > 100 else f"{times:f}x" if times < 1.5 else f"{times:.1f}x"
    return (
        f"{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, "
        "and maxLength where arrays, maps, and strings are declared)"
    )
