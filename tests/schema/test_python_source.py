from __future__ import annotations

import inspect

import pytest

from kubewright.schema.python_source import as_docstring, attribute_names, camel, literal, pascal, singular


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("podCIDR", "pod_cidr"),
        ("clusterIPs", "cluster_ips"),
        ("from", "from_"),
        ("field", "field_"),
        ("3scale", "_3scale"),
        ("x-odd.name", "x_odd_name"),
    ],
)
def test_names_become_snake_case_and_no_words_of_python(name: str, attribute: str) -> None:
    assert attribute_names([name]) == {name: attribute}


def test_names_that_differ_in_capitals_only_are_told_apart() -> None:
    assert attribute_names(["fooBar", "FooBar"]) == {"fooBar": "foo_bar", "FooBar": "foo_bar_1"}


def test_a_struct_camelises_names_in_the_same_way() -> None:
    assert (camel("pod_cidr"), camel("_private")) == ("podCidr", "_private")


def test_classes_are_named_after_one_of_their_items() -> None:
    assert (pascal("node-pools"), singular("Pools"), singular("Policies"), singular("Status")) == (
        "NodePools",
        "Pool",
        "Policy",
        "StatusItem",
    )


@pytest.mark.parametrize("value", ["it's", 'say "so"', "back\\slash", ["a", 1.5], {"a": {"b": None}}, True])
def test_literals_are_read_back(value: object) -> None:
    assert eval(literal(value)) == value


@pytest.mark.parametrize(
    "text", ["One line.", "Two\n\nparagraphs.", 'ends "so"', 'tri """ple', "back\\slash", "A:\n  - b"]
)
def test_docstrings_are_read_back(text: str) -> None:
    namespace: dict[str, type] = {}
    exec(f"class A:\n{as_docstring(text)}", namespace)
    assert inspect.cleandoc(namespace["A"].__doc__ or "").strip() == text


@pytest.mark.parametrize("text", ["a\tb", "ends\n", "a\r\nb", " leads"])
def test_what_no_docstring_gives_back_is_not_written_as_one(text: str) -> None:
    assert as_docstring(text) == ""
