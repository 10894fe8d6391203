"""``x-kubernetes-validations``, compiled: an object and its old state come in, the causes of broken rules come out.

The semantics are those of ``schema/cel/validation.go`` in the apiextensions-apiserver: transition rules run where an
old value can be found, errors of unchanged values are tolerated, all rules of one object share one budget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kubewright.cel import Budget, BudgetExceeded, CompileError, Environment, EvaluationError, Program
from kubewright.cel.types import Type, optional_of
from kubewright.cel.values import NONE, Optional, format_number
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import invalid, show
from kubewright.schema.node import MISSING, Node
from kubewright.schema.structural.correlation import old_items
from kubewright.schema.structural.declarations import declare
from kubewright.schema.structural.field_paths import FieldPathError, follow
from kubewright.schema.structural.problems import NO_FIELD, same

RUNTIME_BUDGET = 10_000_000
"""What all rules may cost for one object (``k8s.io/apiserver/pkg/apis/cel``)."""

_MAX_MESSAGE_BYTES = 5 * 1024
_OUT_OF_BUDGET = "validation failed due to running out of cost budget, no further validation rules will be run"

Rules = Callable[[dict[str, Any], dict[str, Any] | None, list[Cause] | None], list[Cause]]
"""Takes an object, its old state, and a list to which the causes are added that are tolerated, as nothing changed."""


class RuleError(ValueError):
    """A rule, or its ``messageExpression``, that cannot be used; ``field`` says which of the two."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail


class Rule:
    """One entry of ``x-kubernetes-validations``.

    :param raw: the entry.
    :param self_type: what ``self`` is.
    :param schema: the schema that the rule belongs to.
    :raises RuleError: it does not compile.
    """

    def __init__(self, raw: Mapping[str, Any], self_type: Type, schema: Mapping[str, Any]) -> None:
        self.source = str(raw.get("rule") or "").strip()
        self.message = str(raw.get("message") or "").strip()
        self.reason = str(raw.get("reason") or "FieldValueInvalid")
        self.field_path = _field_path(schema, str(raw.get("fieldPath") or "").strip())
        self.type_name = str(schema.get("type") or "")
        self.optional_old_self = bool(raw.get("optionalOldSelf"))
        old_type = optional_of(self_type) if self.optional_old_self else self_type
        environment = Environment({"self": self_type, "oldSelf": old_type})
        self.program = _compile(environment, self.source, "rule", "bool")
        self.expression = str(raw.get("messageExpression") or "").strip()
        self.message_expression: Program | None = None
        self.message_error: RuleError | None = None
        if self.expression:
            try:
                self.message_expression = _compile(environment, self.expression, "messageExpression", "string")
            except RuleError as error:
                self.message_error = error  # The rule still holds, with its default message.
        self.uses_old_self = "oldSelf" in self.program.references

    def default_message(self) -> str:
        return self.message or f"failed rule: {self.source}"


def _compile(environment: Environment, source: str, field: str, result: str) -> Program:
    try:
        program = environment.compile(source)
    except CompileError as error:
        prefix = "compilation failed: " if field == "rule" else "messageExpression compilation failed: "
        raise RuleError(field, f"{prefix}{error}") from error
    if program.result_type.kind != result:
        what = (
            "cel expression must evaluate to a bool"
            if result == "bool"
            else "messageExpression must evaluate to a string"
        )
        raise RuleError(field, what)
    return program


def _field_path(schema: Mapping[str, Any], text: str) -> str:
    """A rule's ``fieldPath`` (``.a['b'].c``) as it is appended to the path of an error."""
    try:
        return follow(schema, text)[0]
    except FieldPathError as error:
        raise RuleError("fieldPath", str(error)) from error


def compile_rules(node: Node) -> Rules | None:
    """The validation of whole resources by the rules of a schema; None where it has none."""
    root = declare(node, resource_root=True)
    visit = _visitor(node, root)
    if visit is None:
        return None

    def validate(obj: dict[str, Any], old: dict[str, Any] | None, tolerated: list[Cause] | None = None) -> list[Cause]:
        run = _Run()
        visit(run, "", obj, MISSING if old is None else old, Unchanged(obj, MISSING if old is None else old))
        if tolerated is not None:
            tolerated += run.tolerated
        return run.causes

    return validate


def check_by_rules(node: Node, default: Any, path: str) -> list[Cause]:
    """The rules of ``node`` and below that its default breaks, whether it is new or was there before.

    As in the apiserver, the default is taken as written, without the defaults of its own members.  Rules that do not
    compile are passed over here.
    """
    try:
        visit = _visitor(node, declare(node))
    except RuleError:
        return []
    if visit is None:
        return []
    for old in (default, MISSING):
        run = _Run()
        visit(run, path, default, old, Unchanged(default, MISSING))
        if run.causes:
            return run.causes
    return []


class Unchanged:
    """Whether a value is as it was: found out when first asked, of the nearest value that has an old one."""

    __slots__ = ("_answer", "_new", "_old")

    def __init__(self, new: Any, old: Any) -> None:
        self._new, self._old = new, old
        self._answer: bool | None = None

    def __bool__(self) -> bool:
        if self._answer is None:
            self._answer = self._old is not MISSING and same(self._new, self._old)
        return self._answer


class _Run:
    """The state of one validation; ``stopped`` once the budget is spent."""

    def __init__(self) -> None:
        self.causes: list[Cause] = []
        self.tolerated: list[Cause] = []
        self.budget = Budget(RUNTIME_BUDGET)
        self.stopped = False


Visit = Callable[[_Run, str, Any, Any, Unchanged], None]
"""Takes the run, the path, the value, its old value or ``MISSING``, and whether the nearest correlated one changed."""


def _visitor(node: Node, self_type: Type | None) -> Visit | None:
    """The rules of a schema and of everything below it; None where there are none."""
    if self_type is None:
        return None
    own = [Rule(raw, self_type, node.raw) for raw in node.raw.get("x-kubernetes-validations") or ()]
    items, members, values = _below(node, self_type)
    if not own and items is None and not members and values is None:
        return None
    correlate = old_items(node)

    def visit(run: _Run, path: str, value: Any, old: Any, unchanged: Unchanged) -> None:
        if value is None or run.stopped:
            return
        if own:
            _apply(own, run, path, value, None if old is MISSING else old, unchanged)
        if type(value) is dict:
            before = old if type(old) is dict else {}
            for key, one in value.items():
                inner = members.get(key, values)
                if inner is not None:
                    place = _member(path, key) if key in members else f"{path}[{key}]"
                    _descend(inner, run, place, one, before.get(key, MISSING), unchanged)
        elif type(value) is list and items is not None:
            find = correlate(old)
            for index, one in enumerate(value):
                _descend(items, run, f"{path}[{index}]", one, MISSING if find is None else find(one), unchanged)

    return visit


def _below(node: Node, self_type: Type) -> tuple[Visit | None, dict[str, Visit], Visit | None]:
    """The visitors of items, of members and of the values of a map."""
    items = None
    if node.items is not None and self_type.kind == "list":
        items = _visitor(node.items, self_type.params[0])
    members: dict[str, Visit] = {}
    if self_type.kind == "object":
        names = {key: spelling for spelling, key in self_type.keys.items()}
        fields = self_type.fields or {}
        for name, prop in node.properties.items():
            visit = _visitor(prop, fields.get(names.get(name, name)) or declare(prop))
            if visit is not None:
                members[name] = visit
    values = None
    if node.additional is not None and self_type.kind == "map":
        values = _visitor(node.additional, self_type.params[1])
    return items, members, values


def _member(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _descend(visit: Visit, run: _Run, path: str, value: Any, old: Any, unchanged: Unchanged) -> None:
    visit(run, path, value, old, unchanged if old is MISSING else Unchanged(value, old))


def _apply(rules: Sequence[Rule], run: _Run, path: str, value: Any, old: Any, unchanged: Unchanged) -> None:
    required_old = {"self": value} if old is None else {"self": value, "oldSelf": old}
    optional_old = {"self": value, "oldSelf": NONE if old is None else Optional(True, old)}
    for rule in rules:
        if rule.uses_old_self and old is None and not rule.optional_old_self:
            continue
        try:
            if rule.program.evaluate(optional_old if rule.optional_old_self else required_old, run.budget) is True:
                continue
        except BudgetExceeded as error:
            run.stopped = True
            run.causes.append(_not_evaluated(path, rule, _too_expensive(error, rule, run.budget)))
            return
        except EvaluationError as error:
            run.causes.append(_not_evaluated(path, rule, _failed(error, rule)))
            continue
        found = run.tolerated if unchanged and not rule.uses_old_self else run.causes
        try:
            found.append(_broken(rule, path, value, _message(rule, required_old, run.budget)))
        except BudgetExceeded as error:
            run.stopped = True
            found.append(_not_evaluated(_place(rule, path), rule, _message_too_expensive(error, rule, run.budget)))
            return


def _too_expensive(error: BudgetExceeded, rule: Rule, budget: Budget) -> str:
    if budget.remaining <= 0:
        return _OUT_OF_BUDGET
    text = rule.message or rule.source
    return f"'{error}': no further validation rules will be run due to call cost exceeds limit for rule: {text}"


def _message_too_expensive(error: BudgetExceeded, rule: Rule, budget: Budget) -> str:
    if budget.remaining <= 0:
        return f"messageExpression evaluation failed due to {_OUT_OF_BUDGET.partition('due to ')[2]}"
    source = show(rule.expression)
    return f"no further validation rules will be run due to call cost exceeds limit for messageExpression: {source}"


def _failed(error: EvaluationError, rule: Rule) -> str:
    text = rule.message or rule.source
    if str(error).startswith("no such overload"):
        what = "call arguments did not match a supported operator, function or macro signature for rule"
        return f"'{error}': {what}: {text}"
    return f"{error} evaluating rule: {text}"


def _message(rule: Rule, values: Mapping[str, Any], budget: Budget) -> str:
    """What a rule says when broken: its expression's text if that is one proper line, else its message.

    The expression sees the old value itself, even where the rule takes an optional one.

    :raises BudgetExceeded: the expression costs too much.
    """
    if rule.message_expression is not None:
        try:
            text = rule.message_expression.evaluate(values, budget).strip()
        except BudgetExceeded:
            raise
        except EvaluationError:
            return rule.default_message()
        if text and "\n" not in text and len(text.encode()) <= _MAX_MESSAGE_BYTES:
            return str(text)
    return rule.default_message()


def _place(rule: Rule, path: str) -> str:
    return ".".join(filter(None, (path, rule.field_path)))


def _broken(rule: Rule, path: str, value: Any, detail: str) -> Cause:
    path = _place(rule, path)
    match rule.reason:
        case "FieldValueForbidden":
            return Cause(rule.reason, f"Forbidden: {detail}", path)
        case "FieldValueRequired":
            return Cause(rule.reason, f"Required value: {detail}", path)
        case "FieldValueDuplicate":
            shown = _shown(value)
            return Cause(rule.reason, f"Duplicate value: {shown}" if shown else "Duplicate value", path)
    return _invalid(path, value, detail)


def _not_evaluated(path: str, rule: Rule, detail: str) -> Cause:
    """Where the rule itself failed, Kubernetes gives the type for the value."""
    return invalid(path or NO_FIELD, rule.type_name, detail)


def _invalid(path: str, value: Any, detail: str) -> Cause:
    shown = _shown(value)
    head = f"Invalid value: {shown}" if shown else "Invalid value"
    return Cause("FieldValueInvalid", f"{head}: {detail}", path or NO_FIELD)


def _shown(value: Any) -> str:
    """Scalars are shown in errors, objects and lists are not."""
    if isinstance(value, dict | list):
        return ""
    if isinstance(value, float):
        return format_number(value)
    return show(value)
