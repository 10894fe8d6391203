"""Tokens to a tree: a recursive-descent parser for the whole CEL grammar, with macros and optional syntax.

The macros are those of the standard (`has`, `all`, `exists`, `exists_one`, `map`, `filter`), of two-variable
comprehensions and of optionals (`optMap`, `optFlatMap`).
"""

from __future__ import annotations

from collections.abc import Callable

from kubewright.cel.errors import CompileError, Issue
from kubewright.cel.lexer import Token, is_reserved, tokenize
from kubewright.cel.syntax import (
    Bind,
    Call,
    Comprehension,
    Entry,
    Expr,
    Ident,
    ListLiteral,
    Literal,
    MapLiteral,
    Select,
    StructLiteral,
    dotted_name,
)
from kubewright.cel.values import INT_MAX

_MAX_DEPTH = 60
_LOOSEST = 0
_BINDING = {
    "||": 0, "&&": 1, "<": 2, "<=": 2, ">": 2, ">=": 2, "==": 2, "!=": 2, "in": 2,
    "+": 3, "-": 3, "*": 4, "/": 4, "%": 4,
}  # fmt: skip
_EXPECTED = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
)


def parse(source: str) -> Expr:
    """The tree of an expression.

    :raises CompileError: the text is not CEL.
    """
    return _Parser(source).parse()


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = tokenize(source)
        self.position = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def advance(self) -> Token:
        token = self.tokens[self.position]
        self.position += 1
        return token

    def take(self, kind: str) -> Token | None:
        return self.advance() if self.token.kind == kind else None

    def expect(self, kind: str) -> Token:
        token = self.take(kind)
        if token is None:
            wanted = "IDENTIFIER" if kind == "ident" else f"'{kind}'"
            raise self.error(
                self.token.offset, f"Syntax error: mismatched input '{self.token.text}' expecting {wanted}"
            )
        return token

    def error(self, offset: int, message: str) -> CompileError:
        return CompileError(self.source, [Issue(offset, message)])

    def parse(self) -> Expr:
        expr = self.expression()
        if self.token.kind != "end":
            message = f"Syntax error: mismatched input '{self.token.text}' expecting <EOF>"
            raise self.error(self.token.offset, message)
        return expr

    def expression(self) -> Expr:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self.error(self.token.offset, f"expression recursion limit exceeded: {_MAX_DEPTH}")
        condition = self.binary(_LOOSEST)
        if self.token.kind == "?":
            offset = self.advance().offset
            then = self.binary(_LOOSEST)
            self.expect(":")
            condition = Call(offset, "_?_:_", [condition, then, self.expression()])
        self.depth -= 1
        return condition

    def binary(self, loosest: int) -> Expr:
        """Operands joined by operators that bind at least as tightly as ``loosest``."""
        left = self.unary()
        while (binding := _BINDING.get(self.token.kind, -1)) >= loosest:
            if self.token.kind in ("||", "&&"):
                left = self.logical(self.token.kind, binding, left)
                continue
            operator = self.advance()
            name = "@in" if operator.kind == "in" else f"_{operator.kind}_"
            left = Call(operator.offset, name, [left, self.binary(binding + 1)])
        return left

    def logical(self, operator: str, binding: int, first: Expr) -> Expr:
        """A chain of one logical operator, as a balanced tree: evaluation order is kept, depth is not wasted."""
        terms, offsets = [first], []
        while self.token.kind == operator:
            offsets.append(self.advance().offset)
            terms.append(self.binary(binding + 1))

        def tree(low: int, high: int) -> Expr:
            if low == high:
                return terms[low]
            middle = (low + high) // 2
            return Call(offsets[middle], f"_{operator}_", [tree(low, middle), tree(middle + 1, high)])

        return tree(0, len(terms) - 1)

    def unary(self) -> Expr:
        """Any number of one prefix operator; two of them cancel each other, whatever they stand before."""
        operator = self.token
        if operator.kind not in ("!", "-"):
            return self.member()
        count = 0
        while self.token.kind == operator.kind:
            self.advance()
            count += 1
        following = self.token
        if operator.kind == "-" and following.kind == "literal" and type(following.value) in (int, float):
            operand = self.postfix(Literal(following.offset - 1, -self.advance().value))
            count -= 1
        else:
            operand = self.member()
        return Call(operator.offset, f"{operator.kind}_", [operand]) if count % 2 else operand

    def member(self) -> Expr:
        return self.postfix(self.primary())

    def postfix(self, expr: Expr) -> Expr:
        while True:
            if self.token.kind == ".":
                dot = self.advance()
                optional = self.take("?") is not None
                field = self.expect("ident").text
                if self.token.kind == "(" and not optional:
                    expr = self.method(expr, field, self.token.offset)
                else:
                    expr = Select(dot.offset, expr, field, optional=optional)
            elif self.token.kind == "[":
                bracket = self.advance()
                function = "_[?_]" if self.take("?") else "_[_]"
                index = self.expression()
                self.expect("]")
                expr = Call(bracket.offset, function, [expr, index])
            elif self.token.kind == "{" and (type_name := dotted_name(expr)) is not None:
                expr = self.struct(type_name, expr.offset)
            else:
                return expr

    def primary(self) -> Expr:
        token = self.token
        match token.kind:
            case "literal":
                self.advance()
                if type(token.value) is int and token.value > INT_MAX:
                    raise self.error(token.offset, "invalid int literal")
                return Literal(token.offset, token.value)
            case "(":
                self.advance()
                expr = self.expression()
                self.expect(")")
                return expr
            case "[":
                return self.list_literal()
            case "{":
                self.advance()
                return MapLiteral(token.offset, self.entries(self.map_entry))
            case ".":
                self.advance()
                return self.name(self.expect("ident"), leading_dot=True)
            case "ident":
                return self.name(self.advance(), leading_dot=False)
        message = f"Syntax error: mismatched input '{token.text}' expecting {_EXPECTED}"
        raise self.error(token.offset, message)

    def name(self, token: Token, *, leading_dot: bool) -> Expr:
        if is_reserved(token.text):
            raise self.error(token.offset, f"reserved identifier: {token.text}")
        if self.token.kind != "(":
            return Ident(token.offset, token.text)
        opening = self.token.offset
        args = self.arguments()
        if token.text == "has" and not leading_dot and len(args) == 1:
            return self.has(args[0], opening)
        return Call(opening, token.text, args)

    def has(self, arg: Expr, offset: int) -> Expr:
        if not isinstance(arg, Select) or arg.test:
            raise self.error(arg.offset, "invalid argument to has() macro")
        return Select(offset, arg.operand, arg.field, test=True)

    def arguments(self) -> list[Expr]:
        self.expect("(")
        args: list[Expr] = []
        if self.token.kind != ")":
            args.append(self.expression())
            while self.take(","):
                args.append(self.expression())
        self.expect(")")
        return args

    def list_literal(self) -> Expr:
        offset = self.advance().offset
        items: list[Expr] = []
        optional: set[int] = set()
        while self.token.kind != "]":
            if self.take("?"):
                optional.add(len(items))
            items.append(self.expression())
            if not self.take(","):
                break
        self.expect("]")
        return ListLiteral(offset, items, frozenset(optional))

    def struct(self, name: str, offset: int) -> Expr:
        self.advance()
        return StructLiteral(offset, name, self.entries(self.struct_entry))

    def entries(self, entry: Callable[[], Entry]) -> list[Entry]:
        entries: list[Entry] = []
        while self.token.kind != "}":
            entries.append(entry())
            if not self.take(","):
                break
        self.expect("}")
        return entries

    def map_entry(self) -> Entry:
        offset = self.token.offset
        optional = self.take("?") is not None
        key = self.expression()
        self.expect(":")
        return Entry(offset, key, self.expression(), optional)

    def struct_entry(self) -> Entry:
        offset = self.token.offset
        optional = self.take("?") is not None
        name = self.expect("ident").text
        self.expect(":")
        return Entry(offset, name, self.expression(), optional)

    def method(self, target: Expr, name: str, offset: int) -> Expr:
        """A call on a target: a macro if its name and arguments make one, else a function."""
        args = self.arguments()
        match name, args:
            case ("all" | "exists" | "existsOne" | "exists_one", [variable, condition]):
                kind = "existsOne" if name == "exists_one" else name
                return self.loop(offset, kind, target, [variable], condition, None)
            case ("all" | "exists" | "existsOne", [first, second, condition]):
                return self.loop(offset, name, target, [first, second], condition, None)
            case ("filter", [variable, condition]):
                return self.loop(offset, "filter", target, [variable], condition, None)
            case ("map", [variable, result]):
                return self.loop(offset, "map", target, [variable], None, result)
            case ("map", [variable, condition, result]):
                return self.loop(offset, "map", target, [variable], condition, result)
            case ("transformList" | "transformMap" | "transformMapEntry", [first, second, result]):
                return self.loop(offset, name, target, [first, second], None, result)
            case ("transformList" | "transformMap" | "transformMapEntry", [first, second, condition, result]):
                return self.loop(offset, name, target, [first, second], condition, result)
            case ("optMap" | "optFlatMap", [variable, body]):
                return Bind(offset, target, self.variable(variable), body, name == "optFlatMap")
        return Call(offset, name, args, target)

    def loop(
        self, offset: int, kind: str, over: Expr, names: list[Expr], condition: Expr | None, result: Expr | None
    ) -> Expr:
        variables = [self.variable(name) for name in names]
        if len(variables) == 2 and variables[0] == variables[1]:
            raise self.error(names[1].offset, f"duplicate variable name: {variables[1]}")
        return Comprehension(offset, kind, over, variables, condition, result)

    def variable(self, expr: Expr) -> str:
        if not isinstance(expr, Ident):
            raise self.error(expr.offset, "argument must be a simple name")
        return expr.name
