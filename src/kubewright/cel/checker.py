"""Types of expressions: every node gets one, every call the overloads that may be meant, every fault an issue.

The rules and the wording are those of cel-go's ``checker``; list and map literals must be of one type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kubewright.cel.errors import CompileError, Issue
from kubewright.cel.functions import Functions, Overload
from kubewright.cel.syntax import (
    Bind,
    Call,
    Comprehension,
    Expr,
    Ident,
    ListLiteral,
    Literal,
    MapLiteral,
    Select,
    StructLiteral,
    dotted_name,
)
from kubewright.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DYN,
    INT,
    NULL,
    STRING,
    UINT,
    Substitution,
    Type,
    is_optional,
    list_of,
    map_of,
    optional_of,
    type_of,
)
from kubewright.cel.values import TypeValue, Uint

_LITERALS: Mapping[type, Type] = {
    bool: BOOL, int: INT, Uint: UINT, float: DOUBLE, str: STRING, bytes: BYTES, type(None): NULL,
}  # fmt: skip


class Checker:
    """Checks one expression.

    :param variables: the declared variables.
    :param functions: the declared functions.
    :param structs: the types that literals like ``Object.spec{...}`` may name, by name.
    :param types: the types that may be named as values, like ``int``.
    """

    def __init__(
        self,
        source: str,
        variables: Mapping[str, Type],
        functions: Functions,
        structs: Mapping[str, Type],
        types: Mapping[str, Type],
    ) -> None:
        self.source = source
        self.variables = variables
        self.functions = functions
        self.structs = structs
        self.types = types
        self.scopes: list[dict[str, Type]] = []
        self.substitution = Substitution()
        self.issues: list[Issue] = []
        self.nodes: list[Expr] = []

    def check(self, expr: Expr) -> Expr:
        """The expression with types; parts of it may have been replaced by what they turned out to mean.

        :raises CompileError: it does not type-check.
        """
        checked = self.visit(expr)
        if self.issues:
            raise CompileError(self.source, sorted(self.issues))
        for node in self.nodes:
            node.type = self.substitution.finish(node.type)
        return checked

    def report(self, offset: int, message: str) -> Type:
        self.issues.append(Issue(offset, message))
        return DYN

    def visit(self, expr: Expr) -> Expr:
        match expr:
            case Literal():
                expr.type = _LITERALS[type(expr.value)]
            case Ident():
                expr = self.ident(expr, expr.name)
            case Select():
                expr = self.select(expr)
            case Call():
                expr = self.call(expr)
            case ListLiteral():
                self.list_literal(expr)
            case MapLiteral():
                self.map_literal(expr)
            case StructLiteral():
                self.struct_literal(expr)
            case Comprehension():
                self.comprehension(expr)
            case Bind():
                self.bind(expr)
        self.nodes.append(expr)
        return expr

    def lookup(self, name: str) -> Type | None:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return self.variables.get(name)

    def ident(self, expr: Expr, name: str) -> Expr:
        found = self.lookup(name)
        if found is not None:
            expr.type = found
            return expr
        if name in self.types:
            literal = Literal(expr.offset, TypeValue(self.types[name].name))
            literal.type = type_of(self.types[name])
            return literal
        expr.type = self.report(expr.offset, f"undeclared reference to '{name}' (in container '')")
        return expr

    def select(self, expr: Select) -> Expr:
        name = dotted_name(expr)
        if name is not None and name in self.variables:
            return self.visit(Ident(expr.offset, name))
        if name is not None and name in self.types and self.lookup(name.partition(".")[0]) is None:
            return self.ident(expr, name)
        expr.operand = self.visit(expr.operand)
        operand = self.substitution.resolve(expr.operand.type)
        inner = operand.params[0] if is_optional(operand) else operand
        field = self.field(expr, self.substitution.resolve(inner))
        if expr.test:
            expr.type = BOOL
        elif expr.optional or is_optional(operand):
            expr.type = field if is_optional(field) else optional_of(field)
        else:
            expr.type = field
        return expr

    def field(self, expr: Select, operand: Type) -> Type:
        match operand.kind:
            case "map":
                return operand.params[1]
            case "object":
                if operand.fields is None:
                    return DYN
                found = operand.fields.get(expr.field)
                return found if found is not None else self.report(expr.offset, f"undefined field '{expr.field}'")
            case "dyn":
                return DYN
            case "param":
                self.substitution.accepts(operand, DYN)
                return DYN
        return self.report(expr.offset, f"type '{operand}' does not support field selection")

    def call(self, expr: Call) -> Expr:
        expr.args = [self.visit(arg) for arg in expr.args]
        if expr.target is not None:
            # strings.quote(x): what looks like a target may be the first half of the function's name.
            name = dotted_name(expr.target)
            if name is not None and (f"{name}.{expr.function}", False) in self.functions:
                expr.function, expr.target = f"{name}.{expr.function}", None
            else:
                expr.target = self.visit(expr.target)
        overloads = self.functions.get((expr.function, expr.target is not None))
        if not overloads:
            message = f"undeclared reference to '{expr.function}' (in container '')"
            expr.type = self.report(expr.offset, message)
            return expr
        self.resolve_overloads(expr, overloads)
        return expr

    def resolve_overloads(self, expr: Call, overloads: Sequence[Overload]) -> None:
        operands = [self.substitution.resolve(operand.type) for operand in expr.operands]
        matching: list[Overload] = []
        result: Type | None = None
        for overload in overloads:
            if len(overload.params) != len(operands):
                continue
            names: dict[str, Type] = {}
            params = [self.substitution.fresh(param, names) for param in overload.params]
            if not self.substitution.try_accept(list(zip(params, operands, strict=True))):
                continue
            matching.append(overload)
            this = self.substitution.resolve(self.substitution.fresh(overload.result, names))
            result = this if result is None or result == this else DYN
        expr.overloads = matching
        if result is None:
            texts = [str(self.substitution.finish(operand)) for operand in operands]
            given = f"{texts[0]}.({', '.join(texts[1:])})" if expr.target is not None else f"({', '.join(texts)})"
            result = self.report(expr.offset, f"found no matching overload for '{expr.function}' applied to '{given}'")
        expr.type = result

    def one_type(self, known: Type | None, value: Expr, *, optional: bool) -> Type:
        """The type that all elements of a literal share."""
        given = self.substitution.resolve(value.type)
        if optional:
            if is_optional(given):
                given = given.params[0]
            elif given.kind != "dyn":
                self.report(value.offset, f"expected type 'optional_type({given})' but found '{given}'")
        if known is None or "dyn" in (known.kind, given.kind):
            return given if known is None else DYN
        if self.substitution.try_accept([(known, given)]):
            return self.substitution.resolve(known)
        if self.substitution.try_accept([(given, known)]):
            return given
        return self.report(value.offset, f"expected type '{known}' but found '{given}'")

    def list_literal(self, expr: ListLiteral) -> None:
        expr.items = [self.visit(item) for item in expr.items]
        item_type: Type | None = None
        for index, item in enumerate(expr.items):
            item_type = self.one_type(item_type, item, optional=index in expr.optional)
        expr.type = list_of(item_type or self.substitution.fresh(Type("param", name="<E>"), {}))

    def map_literal(self, expr: MapLiteral) -> None:
        key_type: Type | None = None
        value_type: Type | None = None
        for entry in expr.entries:
            assert isinstance(entry.key, Expr)
            entry.key, entry.value = self.visit(entry.key), self.visit(entry.value)
            key_type = self.one_type(key_type, entry.key, optional=False)
            value_type = self.one_type(value_type, entry.value, optional=entry.optional)
        names: dict[str, Type] = {}
        keys = key_type or self.substitution.fresh(Type("param", name="<K>"), names)
        expr.type = map_of(keys, value_type or self.substitution.fresh(Type("param", name="<V>"), names))

    def struct_literal(self, expr: StructLiteral) -> None:
        known = self.structs.get(expr.name) or self.structs.get(expr.name.partition(".")[0] + ".*")
        if known is None:
            expr.type = self.report(expr.offset, f"undeclared reference to '{expr.name}' (in container '')")
            return
        for entry in expr.entries:
            assert isinstance(entry.key, str)
            entry.value = self.visit(entry.value)
            wanted = DYN if known.fields is None else known.fields.get(entry.key)
            if wanted is None:
                self.report(entry.offset, f"undefined field '{entry.key}'")
                continue
            given = self.substitution.resolve(entry.value.type)
            if entry.optional:
                given = given.params[0] if is_optional(given) else given
            if not self.substitution.try_accept([(wanted, given)]):
                message = f"expected type of field '{entry.key}' is '{wanted}' but provided type is '{given}'"
                self.report(entry.offset, message)
        expr.type = known if known.name == expr.name else Type("object", name=expr.name)

    def comprehension(self, expr: Comprehension) -> None:
        expr.range = self.visit(expr.range)
        over = self.substitution.resolve(expr.range.type)
        if over.kind == "param":
            self.substitution.accepts(over, DYN)
            over = DYN
        match over.kind:
            case "list":
                types = [over.params[0]] if len(expr.variables) == 1 else [INT, over.params[0]]
            case "map":
                types = list(over.params[: len(expr.variables)])
            case "dyn":
                types = [DYN] * len(expr.variables)
            case _:
                message = (
                    f"expression of type '{over}' cannot be range of a comprehension (must be list, map, or dynamic)"
                )
                self.report(expr.range.offset, message)
                types = [DYN] * len(expr.variables)
        self.scopes.append(dict(zip(expr.variables, types, strict=True)))
        if expr.condition is not None:
            expr.condition = self.visit(expr.condition)
            self.expect_bool(expr.condition)
        if expr.result is not None:
            expr.result = self.visit(expr.result)
        self.scopes.pop()
        expr.type = self.comprehension_type(expr, types)

    def expect_bool(self, expr: Expr) -> None:
        given = self.substitution.resolve(expr.type)
        if not self.substitution.try_accept([(BOOL, given)]):
            self.report(expr.offset, f"expected type 'bool' but found '{given}'")

    def comprehension_type(self, expr: Comprehension, variables: Sequence[Type]) -> Type:
        match expr.kind:
            case "all" | "exists" | "existsOne":
                return BOOL
            case "filter":
                return list_of(variables[0])
        assert expr.result is not None
        result = self.substitution.resolve(expr.result.type)
        match expr.kind:
            case "transformMap":
                return map_of(variables[0], result)
            case "transformMapEntry":
                return result if result.kind == "map" else DYN
        return list_of(result)

    def bind(self, expr: Bind) -> None:
        expr.operand = self.visit(expr.operand)
        operand = self.substitution.resolve(expr.operand.type)
        if operand.kind != "dyn" and not is_optional(operand):
            name = "optFlatMap" if expr.flat else "optMap"
            self.report(expr.offset, f"found no matching overload for '{name}' applied to '{operand}.()'")
        self.scopes.append({expr.variable: operand.params[0] if is_optional(operand) else DYN})
        expr.body = self.visit(expr.body)
        self.scopes.pop()
        body = self.substitution.resolve(expr.body.type)
        if not expr.flat:
            expr.type = optional_of(body)
        else:
            expr.type = body if is_optional(body) else DYN
