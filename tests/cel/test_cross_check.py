"""Random well-typed expressions mean the same here and in the CEL project's own C++ runtime.

Doubles that are no finite numbers are left out: they print differently in C++ and Go, and Kubernetes is written in Go.
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubewright.cel import Environment, EvaluationError
from kubewright.cel.types import DYN, INT, STRING, list_of, map_of

cel = pytest.importorskip("cel_expr_python.cel")

VALUES = {"x": 5, "s": "hello", "l": [1, 2, 3], "m": {"a": 1, "12": 2}, "d": {"a": {"b": 1}}}
OURS = Environment({"x": INT, "s": STRING, "l": list_of(INT), "m": map_of(STRING, INT), "d": DYN})
KINDS = ("int", "string", "bool", "list")

LEAVES = {
    "int": ["x", "0", "2", "-3", "9223372036854775807", "size(s)", "d.a.b"],
    "string": ["s", "'a'", "''", "'12'", "'é'"],
    "bool": ["true", "false", "(x > 1)", "has(d.a.c)"],
    "list": ["l", "[1, 2]", "[x]"],
}
FORMS = {
    "int": [
        "({int} + {int})", "({int} - {int})", "({int} * {int})", "({int} / {int})", "({int} % {int})", "-{int}",
        "({bool} ? {int} : {int})", "{list}[{int}]", "size({string})", "int({string})", "m[{string}]", "{list}.size()",
    ],
    "string": ["({string} + {string})", "string({int})", "string({bool})", "({bool} ? {string} : {string})"],
    "bool": [
        "({bool} && {bool})", "({bool} || {bool})", "!{bool}", "({int} < {int})", "({string} >= {string})",
        "({int} in {list})", "({list} == {list})", "{list}.all(i, i > {int})", "{list}.exists(i, {int} == i)",
        "{list}.exists_one(i, i < {int})", "{string}.contains({string})", "(dyn({int}) == {int})", "(d == {int})",
        "(type({string}) == string)", "({string} in m)", "(d.a.b < {int})",
    ],
    "list": ["[{int}, {int}]", "({list} + {list})", "{list}.map(i, i + {int})", "{list}.filter(i, i > {int})"],
}  # fmt: skip


@st.composite
def expressions(draw: st.DrawFn, kind: str = "", depth: int = 4) -> str:
    kind = kind or draw(st.sampled_from(KINDS))
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from(LEAVES[kind]))
    text = draw(st.sampled_from(FORMS[kind]))
    for name in KINDS:
        while f"{{{name}}}" in text:
            text = text.replace(f"{{{name}}}", draw(expressions(name, depth - 1)), 1)
    return text


@pytest.fixture(scope="module")
def theirs() -> Any:
    t = cel.Type
    variables = {"x": t.INT, "s": t.STRING, "l": t.List(t.INT), "m": t.Map(t.STRING, t.INT), "d": t.DYN}
    return cel.NewEnv(variables=variables)


@settings(max_examples=300)
@given(source=expressions())
def test_values_and_errors_agree(theirs: Any, source: str) -> None:
    result = theirs.compile(source).eval(data=VALUES)
    failed = "error" in str(result.type()).lower()
    program = OURS.compile(source)
    if failed:
        with pytest.raises(EvaluationError):
            program.evaluate(VALUES)
    else:
        wanted = result.value()
        wanted = [item.value() for item in wanted] if isinstance(wanted, list) else wanted
        assert program.evaluate(VALUES) == wanted
