from typing import Any

import pytest

from kubewright.cel import Budget, BudgetExceeded, CompileError, Environment, EvaluationError
from kubewright.cel.types import DYN, INT, STRING, Type, list_of, map_of

ENVIRONMENT = Environment({"x": INT, "s": STRING, "l": list_of(INT), "m": map_of(STRING, INT), "d": DYN})
VALUES = {
    "x": 5,
    "s": "hello",
    "l": [1, 2, 3],
    "m": {"a": 1, "b": 2},
    "d": {"a": {"b": 1}, "l": [1, 2.0, "x"], "n": None},
}


def run(source: str) -> Any:
    return ENVIRONMENT.compile(source).evaluate(VALUES)


@pytest.mark.parametrize(
    "source",
    [
        "1 + 2 * 3 == 7",
        "-7 / 2 == -3 && -7 % 2 == -1",
        "9223372036854775807 - 1 > 0 && -9223372036854775808 < 0",
        "1u + 2u == 3u",
        "1.5 * 2.0 == 3.0",
        "!!true && --x == 5 && ---x == -5 && - -1 == 1 && !!s == 'hello'",
        "1 < 1.5 && 2u > 1",
        "dyn(1) == 1.0",
        "dyn(true) != dyn(1)",
        "'a' + 'b' == 'ab' && b'a' + b'b' == b'ab'",
        "[1] + [2] == [1, 2]",
        "x > 3 ? s == 'hello' : false",
        "x in l || 'a' in m",
        "l[0] == 1 && m['b'] == 2 && m.b == 2",
        "d.a.b == 1 && has(d.a) && !has(d.zz) && d.n == null",
        "l.all(i, i > 0) && l.exists(i, i == 2) && l.exists_one(i, i == 2) && l.existsOne(i, i == 2)",
        "l.map(i, i * 2) == [2, 4, 6] && l.map(i, i > 1, i) == [2, 3] && l.filter(i, i > 1) == [2, 3]",
        "m.all(k, k != 'z') && m.exists(k, v, k == 'b' && v == 2)",
        "l.all(i, v, v == i + 1) && l.existsOne(i, v, v == 2)",
        "l.transformList(i, v, i * v) == [0, 2, 6] && l.transformList(i, v, i > 0, v) == [2, 3]",
        "m.transformMap(k, v, v + 1) == {'a': 2, 'b': 3}",
        "m.transformMapEntry(k, v, {v: k}) == {1: 'a', 2: 'b'}",
        "size(s) == 5 && s.size() == 5 && size(l) == 3 && m.size() == 2",
        "type(x) == int && type(s) == string && type(d.n) == null_type",
        "int('5') == 5 && int(5.9) == 5 && string(1.5) == '1.5' && double('2') == 2.0 && bool('true')",
        "bytes('é').size() == 2 && string(b'\\xc3\\xa9') == 'é'",
        "timestamp('2024-02-29T12:00:00Z') + duration('24h') == timestamp('2024-03-01T12:00:00Z')",
        "timestamp('2024-02-29T23:00:00Z').getDate('+02:00') == 1",
        "timestamp('1969-07-20T20:17:40.5Z').getMilliseconds() == 500",
        "duration('1h30m').getMinutes() == 90 && string(duration('90s')) == '90s'",
        "'abc'.matches('^a.c$') && matches('abc', 'b') && 'abc'.startsWith('ab') && 'abc'.endsWith('c')",
        "'''it's''' == \"it's\" && r'\\d' == '\\\\d' && '\\u00e9' == 'é'",
        "d.?a.?b.orValue(7) == 1 && d.?zz.?b.orValue(7) == 7 && !d.?zz.hasValue()",
        "l[?0].hasValue() && !l[?9].hasValue() && m[?'a'].value() == 1",
        "optional.of(1).optMap(v, v + 1).value() == 2 && !optional.none().optMap(v, v).hasValue()",
        "[1, ?optional.none(), ?optional.of(2)] == [1, 2] && {?'a': optional.none()} == {}",
        "optional.none().or(optional.of(3)).value() == 3 && optional.ofNonZeroValue(0) == optional.none()",
    ],
)  # fmt: skip
def test_true_expressions(source: str) -> None:
    assert run(source) is True


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("9223372036854775807 + x > 0", "integer overflow"),
        ("x / 0 == 1", "division by zero"),
        ("x % 0 == 1", "modulus by zero"),
        ("0u - 1u == 0u", "unsigned integer overflow"),
        ("l[9] == 1", "index out of bounds: 9"),
        ("m['z'] == 1", "no such key: z"),
        ("d.zz == 1", "no such key: zz"),
        ("d.a < 1", "no such overload"),
        ("dyn(null).a == 1", "no such key: a"),
        ("dyn('x').a == 1", "no such key: a"),
        ("dyn([1]).a == 1", "unsupported index type 'string' in list"),
        ("has(dyn(null).a.b)", "no such key: a"),
        ("int(s) == 1", 'strconv.ParseInt: parsing "hello": invalid syntax'),
        ("optional.none().value() == 1", "optional.none() dereference"),
        ("timestamp(s) == timestamp(s)", 'parsing time "hello"'),
    ],
)
def test_expressions_without_a_value(source: str, message: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        run(source)
    assert message in str(raised.value)


def test_what_is_no_map_has_no_members() -> None:
    assert run("!has(dyn(null).a) && !has(dyn('x').a) && !dyn(null).?a.hasValue()") is True


def test_logic_absorbs_errors_that_do_not_decide() -> None:
    assert run("x / 0 == 1 || true") is True
    assert run("x / 0 == 1 && false") is False
    assert run("l.exists(i, i / 0 == 1 || i == 3)") is True
    assert run("l.all(i, i != 2 && 1 / (i - 1) >= 0)") is False


@pytest.mark.parametrize(
    ("source", "column", "message"),
    [
        ("x +", 4, "Syntax error: mismatched input '<EOF>' expecting"),
        ("y", 1, "undeclared reference to 'y' (in container '')"),
        ("nope(x)", 5, "undeclared reference to 'nope' (in container '')"),
        ("s.foo", 2, "type 'string' does not support field selection"),
        ("x + s", 3, "found no matching overload for '_+_' applied to '(int, string)'"),
        ("s.startsWith(x)", 13, "found no matching overload for 'startsWith' applied to 'string.(int)'"),
        ("1.0 == x", 5, "found no matching overload for '_==_' applied to '(double, int)'"),
        ("l.all(i, s)", 10, "expected type 'bool' but found 'string'"),
        ("x.all(i, true)", 1, "expression of type 'int' cannot be range of a comprehension"),
        ("[1, 'a']", 5, "expected type 'int' but found 'string'"),
        ("#", 1, "token recognition error at: '#'"),
        ("has(x)", 5, "invalid argument to has() macro"),
        ("s.matches('(')", 11, "invalid matches argument"),
        ("duration('1x')", 10, "invalid duration argument"),
        ("if", 1, "reserved identifier: if"),
        ("99999999999999999999", 1, "invalid int literal"),
    ],
)
def test_faults_are_found_with_their_position(source: str, column: int, message: str) -> None:
    with pytest.raises(CompileError) as raised:
        ENVIRONMENT.compile(source)
    assert str(raised.value).startswith(f"ERROR: <input>:1:{column}: ")
    assert message in str(raised.value)


def test_undefined_fields_of_objects_are_found() -> None:
    environment = Environment({"self": Type("object", name="object", fields={"a": INT})})
    assert environment.compile("self.a > 1").evaluate({"self": {"a": 2}}) is True
    with pytest.raises(CompileError, match="undefined field 'b'"):
        environment.compile("self.b > 1")


def test_struct_literals_make_objects() -> None:
    structs = {"Object": Type("object", name="Object"), "Object.*": Type("object", name="Object.*")}
    environment = Environment({"n": INT}, structs=structs)
    source = "Object{spec: Object.spec{replicas: n, ?paused: optional.none()}}"
    assert environment.compile(source).evaluate({"n": 3}) == {"spec": {"replicas": 3}}


def test_evaluation_stops_at_the_budget() -> None:
    program = ENVIRONMENT.compile("l.all(i, l.all(j, l.all(k, i + j + k > 0)))")
    budget = Budget(200)
    with pytest.raises(BudgetExceeded):
        program.evaluate({"l": list(range(1, 100))}, budget)
    assert budget.remaining < 200


def test_deep_nesting_is_refused_not_crashed_on() -> None:
    with pytest.raises(CompileError, match="recursion limit"):
        ENVIRONMENT.compile("(" * 1000 + "1" + ")" * 1000)
    assert ENVIRONMENT.compile(" || ".join(["x == 1"] * 500)).evaluate(VALUES) is False


def test_only_the_variables_in_use_are_needed() -> None:
    program = ENVIRONMENT.compile("x > 1")
    assert program.references == {"x"}
    assert program.evaluate({"x": 2}) is True
