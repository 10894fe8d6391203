"""Manifests are read and written as Kubernetes' tools do."""

from __future__ import annotations

import pytest
import yaml

from kubewright.objects.manifests import dump, load_all


@pytest.mark.parametrize(
    "text", ["y", "on", "1e3", "08", "0o10", "1_000", ".inf", "~", "null", "", "12", "a: b", "- a"]
)
def test_text_comes_back_as_text(text: str) -> None:
    (document,), _ = load_all(dump({"a": text}))
    assert document == {"a": text}


def test_plain_text_has_no_quotes_and_several_lines_are_a_block() -> None:
    written = dump({"spec": {"b": "22 h", "a": "one\ntwo\n"}, "kind": "Site", "apiVersion": "v1"})
    assert written == "apiVersion: v1\nkind: Site\nspec:\n  b: 22 h\n  a: |\n    one\n    two\n"


def test_times_stay_text_and_truth_is_what_go_takes_for_it() -> None:
    documents, repeated = load_all("a: 2026-01-01\nb: 22:30\nc: y\nd: 1e3\n---\n- 1\n")
    assert documents == [{"a": "2026-01-01", "b": "22:30", "c": True, "d": 1000}, [1]]
    assert repeated == []


def test_members_that_stand_twice_are_told() -> None:
    assert load_all("a: 1\nb: 2\na: 3\n") == ([{"a": 3, "b": 2}], ['line 3: key "a" already set in map'])


def test_what_json_has_not_is_refused_with_its_place() -> None:
    with pytest.raises(yaml.YAMLError, match=r"unsupported value: \.inf(.|\n)*line 2"):
        load_all("a: 1\nb: .inf\n")
