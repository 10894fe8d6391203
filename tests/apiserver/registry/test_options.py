"""The options of lists and watches are checked as Kubernetes checks them."""

from __future__ import annotations

import pytest

from kubewright.apiserver.registry.options import ReadOptions, write_options
from kubewright.apiserver.request import ANONYMOUS
from kubewright.objects.errors import BadRequest, Invalid

MATCH, INITIAL = "resourceVersionMatch", "sendInitialEvents"
FORBIDDEN, UNKNOWN = "FieldValueForbidden", "FieldValueNotSupported"


def parse(text: str) -> ReadOptions:
    return ReadOptions.parse({name: [value] for name, _, value in (pair.partition("=") for pair in text.split("&"))})


@pytest.mark.parametrize(
    ("query", "causes"),
    [
        ("sendInitialEvents=true", [(INITIAL, FORBIDDEN)]),
        ("sendInitialEvents=false", [(INITIAL, FORBIDDEN)]),
        ("resourceVersionMatch=Exact", [(MATCH, FORBIDDEN)]),
        ("resourceVersionMatch=Exact&resourceVersion=0", [(MATCH, FORBIDDEN)]),
        ("resourceVersionMatch=What", [(MATCH, FORBIDDEN), (MATCH, UNKNOWN)]),
        ("resourceVersionMatch=Exact&resourceVersion=5&continue=x", [(MATCH, FORBIDDEN)]),
        ("watch=1&resourceVersionMatch=NotOlderThan", [(MATCH, FORBIDDEN)]),
        ("watch=1&resourceVersionMatch=Exact", [(MATCH, FORBIDDEN), (MATCH, UNKNOWN)]),
        ("watch=1&sendInitialEvents=true", [(MATCH, FORBIDDEN)]),
        ("watch=1&sendInitialEvents=false", [(MATCH, FORBIDDEN)]),
        ("watch=1&sendInitialEvents=true&resourceVersionMatch=Exact", [(MATCH, FORBIDDEN), (MATCH, UNKNOWN)]),
        ("watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=x", [(MATCH, FORBIDDEN)]),
    ],
)
def test_options_that_do_not_go_together(query: str, causes: list[tuple[str, str]]) -> None:
    with pytest.raises(Invalid) as caught:
        parse(query)
    assert [(cause.field, cause.reason) for cause in caught.value.causes] == causes


@pytest.mark.parametrize("query", ["watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", "watch=0"])
def test_options_that_do(query: str) -> None:
    parse(query)


def test_a_watch_whose_url_names_an_object_is_of_that_object() -> None:
    assert str(ReadOptions.parse({}, watch=True, name="a").field_selector) == "metadata.name=a"
    with pytest.raises(BadRequest):
        ReadOptions.parse({"fieldSelector": ["metadata.name=b"]}, watch=True, name="a")


@pytest.mark.parametrize(
    ("query", "user_agent", "manager"),
    [
        ("", "kubectl/v1.36 (linux)", "kubectl"),
        ("", "my\ttool/1", "mytool"),
        ("", "ä" * 100, "ä" * 64),
        ("", "/1", "unknown"),
        ("x", "kubectl", "x"),
    ],
)
def test_who_names_no_manager_is_called_after_its_user_agent(query: str, user_agent: str, manager: str) -> None:
    write = write_options("CreateOptions", {"fieldManager": [query]}, ANONYMOUS, user_agent)
    assert write.field_manager == manager


@pytest.mark.parametrize(("manager", "reason"), [("ä" * 65, "FieldValueTooLong"), ("a\nb", "FieldValueInvalid")])
def test_managers_are_short_and_printable(manager: str, reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        write_options("CreateOptions", {"fieldManager": [manager]}, ANONYMOUS, "")
    assert [cause.reason for cause in caught.value.causes] == [reason]
