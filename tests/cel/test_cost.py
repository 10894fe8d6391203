import pytest

from kubewright.cel import Environment
from kubewright.cel.cost import UNBOUNDED
from kubewright.cel.types import BOOL, INT, Type, list_of, map_of

TEXT = Type("string", max_elements=10)
ENVIRONMENT = Environment(
    {
        "self": Type(
            "object",
            name="object",
            fields={
                "b": BOOL,
                "n": INT,
                "s": TEXT,
                "l": Type("list", TEXT, max_elements=5),
                "m": Type("map", TEXT, INT, max_elements=4),
                "open": list_of(INT),
                "both": map_of(TEXT, TEXT),
            },
        )
    }
)


@pytest.mark.parametrize(
    ("source", "cost"),
    [
        ("true", 0),
        ("self.b", 2),
        ("has(self.b)", 1),
        ("self.n + self.n == 1", 6),
        ("self.s == 'a'", 3),
        ("self.b && self.b", 4),
        ("self.b ? self.b : true", 4),
        ("self.s.startsWith('abcdefghijk')", 4),
        ("self.s.contains('abcdefghijk')", 4),
        ("self.s.matches('abcdefgh')", 6),
        ("'a' in self.l", 7),
        ("self.l.all(x, true)", 18),
        ("self.l.exists(x, true)", 23),
        ("self.l.all(x, x == 'a')", 28),
        ("self.m.all(k, k == 'a')", 23),
        ("self.l.map(x, x).size() == 1", 80),
        ("self.l.all(x, self.l.all(y, x != y))", 183),
        ("[1, 2].size() == 2", 12),
        ("self.open.all(x, x > 0)", UNBOUNDED),
    ],
)
def test_the_most_an_expression_can_cost(source: str, cost: int) -> None:
    assert ENVIRONMENT.compile(source).cost.high == cost
