import pytest

from kubewright.schema.structural.field_paths import FieldPathError, follow

STRING = {"type": "string"}
SCHEMA = {
    "properties": {
        "a": STRING,
        "a.b": STRING,
        "it's": STRING,
        "m": {"additionalProperties": STRING},
        "o": {"properties": {"b": {"type": "integer"}}},
    }
}


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (".a", "a"),
        ("['a']", "a"),
        ("['a.b']", "a.b"),
        (r"['it\'s']", "it's"),
        (".m.any", "m[any]"),
        (".m['x y']", "m[x y]"),
        (".o.b", "o.b"),
    ],
)
def test_a_path_is_shown_as_in_field_errors(path: str, shown: str) -> None:
    assert follow(SCHEMA, path)[0] == shown


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (".z", "does not refer to a valid field"),
        (".a.b", "does not refer to a valid field"),
        ("a", "expected [ or . but got: a"),
        (".", "unexpected end of JSON path"),
        (".a['", "expected single quoted string but got '"),
        (".m['x'", "unexpected end of JSON path"),
        (".m[x]", "expected single quoted string but got x"),
        (r".m['\q']", r"invalid string literal: invalid escape char \q"),
    ],
)
def test_what_leads_nowhere_says_why(path: str, why: str) -> None:
    with pytest.raises(FieldPathError) as error:
        follow(SCHEMA, path)
    assert str(error.value) == why


def test_brackets_can_be_refused() -> None:
    with pytest.raises(FieldPathError, match="array notation is not allowed"):
        follow(SCHEMA, "['a']", brackets=False)


def test_the_schema_at_the_end_is_given() -> None:
    assert follow(SCHEMA, ".o.b")[1] == {"type": "integer"}
