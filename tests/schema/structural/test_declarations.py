from typing import Any

import pytest

from kubewright.cel import Environment
from kubewright.schema.node import Node
from kubewright.schema.structural.declarations import declare, escape

Raw = dict[str, Any]


def scalar(name: str) -> Raw:
    match name:
        case "int-or-string":
            return {"x-kubernetes-int-or-string": True}
        case "duration" | "date" | "date-time" | "byte":
            return {"type": "string", "format": name}
    return {"type": name}


def array(item: Raw | str, most: int | None = None) -> Raw:
    bound = {} if most is None else {"maxItems": most}
    return {"type": "array", "items": scalar(item) if isinstance(item, str) else item, **bound}


def mapping(value: Raw | str, most: int | None = None) -> Raw:
    bound = {} if most is None else {"maxProperties": most}
    return {"type": "object", "additionalProperties": scalar(value) if isinstance(value, str) else value, **bound}


def string(most: int | None = None) -> Raw:
    return {"type": "string", **({} if most is None else {"maxLength": most})}


def cost(schema: Raw, rule: str) -> int:
    self_type = declare(Node(schema))
    assert self_type is not None
    return Environment({"self": self_type, "oldSelf": self_type}).compile(rule).cost.high


@pytest.mark.parametrize(
    ("schema", "rule", "expected"),
    [
        (array("number"), "self.all(x, true)", 4718591),
        (array("number", 10), "self.all(x, true)", 32),
        (array("string"), "self.all(x, true)", 3145727),
        (array("boolean"), "self.all(x, true)", 1887437),
        (array(array("number")), "self.all(x, true)", 3145727),
        (mapping("number"), "self.all(x, true)", 1348169),
        (mapping("number"), "has(self.x)", 1),
        (mapping("string"), "self.all(x, true)", 1179647),
        (mapping("boolean"), "self.all(x, true)", 943718),
        (string(), "self.contains('test')", 314574),
        (string(10), "self.contains('test')", 5),
        (string(), "self.startsWith('test')", 2),
        (string(), 'size(self + "hello") > size("hello")', 314578),
        (string(4), 'size(self + "hello") > size("hello")', 7),
        (array("number"), "self[1] == 0.0", 2),
        (array("string"), "self[1] == self[1]", 314577),
        (array("number", 10), "self.all(x, self.all(y, self.all(z, true)))", 3552),
        (string(50), 'self.matches("x")', 22),
        (string(), '"".matches("(((((((((())))))))))[0-9]")', 7),
        (string(), 'self.matches("")', 1),
        (mapping("number"), 'self["x"] == 0.0', 2),
        (string(), 'self == "x"', 2),
        (string(0), 'self == "x"', 1),
        (array("number"), "self.all(x, x == 0.0)", 6291454),
        (array("int-or-string"), "self.all(x, true)", 4718591),
        (array("int-or-string"), "self[0] == 5", 3),
        (array("boolean"), "self[0] == false", 2),
        (array(array("number")), "self[0][0] == -1.0", 3),
        (array(mapping("number"), 12), "self.all(x, x.y == 25.2)", 74),
        (array(mapping("number")), "self[0].x > 2.0", 4),
        (array("duration"), "self.all(x, true)", 2359295),
        (array("duration"), "self[0].getHours() == 2", 4),
        (array("date"), "self.all(x, true)", 725936),
        (array("date-time"), "self.all(x, true)", 428963),
        (mapping("int-or-string"), "self.all(x, true)", 1348169),
        (mapping("duration"), "self.all(x, true)", 1048577),
        (mapping("date"), "self.all(x, true)", 524288),
        (mapping("date-time"), "self.all(x, true)", 349526),
        (string(10), "self.find('[0-9]+') == ''", 11),
        (array(string()), "self.join(' ') == 'aa bb'", 329853068905),
        (array(string(10), 10), "self.join(' ') == 'aa bb'", 43),
        (array(string()), "self.isSorted() == true", 329854432052),
        (array(string(10), 10), "self.isSorted() == true", 52),
        (string(10), "self.lowerAscii() == 'lower!'", 6),
        (mapping("integer"), "oldSelf.size() == self.size()", 5),
        (mapping("date-time"), 'self["a"] == self["b"]', 8),
        (mapping("duration"), 'self["c"] == self["d"]', 8),
        ({"type": "string", "enum": ["A", "LongValue"]}, "self.contains('A')", 2),
    ],
)
def test_estimates_are_those_of_kubernetes(schema: Raw, rule: str, expected: int) -> None:
    assert cost(schema, rule) == expected


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("plain", "plain"),
        ("a-b", "a__dash__b"),
        ("a.b/c", "a__dot__b__slash__c"),
        ("a__b", "a__underscores__b"),
        ("namespace", "__namespace__"),
        ("1st", None),
        ("a b", None),
    ],
)
def test_names_are_spelt_so_that_cel_can_read_them(name: str, spelling: str | None) -> None:
    assert escape(name) == spelling
