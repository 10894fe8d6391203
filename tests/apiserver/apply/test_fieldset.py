"""The algebra of field sets."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubewright.apiserver.apply import fieldset
from kubewright.apiserver.apply.fieldset import FieldSet, Path

ELEMENTS = st.sampled_from(["f:a", "f:b", 'k:{"n":1}', 'v:"x"'])
PATHS = st.lists(ELEMENTS, min_size=1, max_size=4).map(tuple)
PATH_SETS = st.sets(PATHS, max_size=8)

BUSY = settings(suppress_health_check=[HealthCheck.too_slow])
"""The machine that runs the tests may be slow."""


def build(paths: set[Path]) -> FieldSet:
    return fieldset.of(*sorted(paths))


@BUSY
@given(PATH_SETS)
def test_a_set_lists_exactly_the_paths_put_into_it(paths: set[Path]) -> None:
    assert set(fieldset.paths(build(paths))) == paths
    assert all(fieldset.has(build(paths), path) for path in paths)


@BUSY
@given(PATH_SETS, PATH_SETS)
def test_operations_are_those_of_sets_of_paths(left: set[Path], right: set[Path]) -> None:
    a, b = build(left), build(right)
    assert set(fieldset.paths(fieldset.union(a, b))) == left | right
    assert set(fieldset.paths(fieldset.difference(a, b))) == left - right
    assert set(fieldset.paths(fieldset.intersection(a, b))) == left & right
    assert fieldset.is_subset(a, b) is (left <= right)


@BUSY
@given(PATH_SETS, PATH_SETS)
def test_recursive_difference_removes_what_lies_below(left: set[Path], right: set[Path]) -> None:
    kept = {path for path in left if not any(path[:depth] in right for depth in range(1, len(path) + 1))}
    assert set(fieldset.paths(fieldset.recursive_difference(build(left), build(right)))) == kept


@BUSY
@given(PATH_SETS, PATH_SETS)
def test_results_are_canonical(left: set[Path], right: set[Path]) -> None:
    a, b = build(left), build(right)
    for result in (fieldset.union(a, b), fieldset.difference(a, b), fieldset.intersection(a, b)):
        assert fieldset.ordered(result) == build(set(fieldset.paths(result)))


def test_elements_are_ordered_by_value() -> None:
    fields: FieldSet = {"f:b": {}, 'k:{"port":443}': {}, 'k:{"port":80}': {}, "f:a": {"f:x": {}, ".": {}}}
    ordered = fieldset.ordered(fields)
    assert list(ordered) == ["f:a", "f:b", 'k:{"port":80}', 'k:{"port":443}']
    assert list(ordered["f:a"]) == [".", "f:x"]


def test_parsing_makes_sets_canonical() -> None:
    assert fieldset.parse({"f:a": {".": {}}, "f:b": {".": {}, "f:c": {}}}) == {
        "f:a": {},
        "f:b": {".": {}, "f:c": {}},
    }


@pytest.mark.parametrize("bad", [[], {"x:a": {}}, {"k:[]": {}}, {"v:{": {}}, {'i:"a"': {}}, {"f:a": 1}])
def test_malformed_sets_are_refused(bad: object) -> None:
    with pytest.raises(ValueError):
        fieldset.parse(bad)


def test_paths_read_as_in_conflict_messages() -> None:
    path = ("f:spec", "f:ports", 'k:{"port":80,"protocol":"TCP"}', "f:name")
    assert fieldset.path_text(path) == '.spec.ports[port=80,protocol="TCP"].name'
    assert fieldset.path_text(("f:finalizers", 'v:"x/y"', "i:3")) == '.finalizers[="x/y"][3]'


def test_a_pattern_picks_what_leads_to_its_paths_or_lies_below_them() -> None:
    pattern = fieldset.of(("f:a", "*", "f:b"))
    item: FieldSet = {".": {}, "f:b": {"f:c": {}}, "f:d": {}}
    fields = {"f:a": {'k:{"n":1}': item, 'k:{"n":2}': {}, 'k:{"n":3}': {"f:d": {}}}, "f:e": {}}
    picked: FieldSet = {"f:a": {'k:{"n":1}': {".": {}, "f:b": {"f:c": {}}}, 'k:{"n":2}': {}}}
    assert fieldset.matching(fields, pattern) == picked
    assert fieldset.matching(fields, {}) == fields
