"""Whatever text comes in, it compiles or is refused with a position; whatever is evaluated has a value or an error."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kubewright.cel import CompileError, Environment, EvaluationError
from kubewright.cel.types import DYN

ENVIRONMENT = Environment({"self": DYN})
PIECES = [
    "self", ".", "a", "[", "]", "(", ")", "{", "}", "?", ":", ",", "+", "-", "*", "/", "%", "!", "&&", "||", "==",
    "<", "in", "1", "2u", "1.5", "'s'", "b'x'", "null", "true", ".all(x, ", ".map(x, ", "has(", "size(", "int(",
    ".matches(", "[?", ".?", ".format(", "duration(", "optional.of(", " ", "\n", "//", "`q-r`", "Object{", "0x", "'",
    '"""', "\\", "é", "\x00",
]  # fmt: skip

json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=500)
@given(text=st.lists(st.sampled_from(PIECES), max_size=12).map("".join), value=json)
def test_nothing_but_the_declared_errors_comes_out(text: str, value: Any) -> None:
    try:
        program = ENVIRONMENT.compile(text)
    except CompileError as error:
        assert error.issues
        return
    try:
        program.evaluate({"self": value})
    except EvaluationError as failure:
        assert str(failure)
