import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubewright.lifecycle import Progress

UID = "u"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def test_a_handler_that_never_ran_differs_from_all_but_an_absent_value() -> None:
    progress = Progress(None, ["a"], UID)
    assert progress.differs("a", "blue") and not progress.differs("a", None) and not progress.knows("a")


@given(json_values, json_values)
def test_what_is_recorded_is_recognised_after_a_restart(value: object, other: object) -> None:
    progress = Progress(None, ["a"], UID)
    progress.record("a", value)
    again = Progress(progress.text(), ["a"], UID)
    assert again.knows("a") and not again.differs("a", value) and not again.changed
    same = json.dumps(value, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert again.differs("a", other) is not same


@pytest.mark.parametrize(("last", "now"), [(False, 0), (0, False), (True, 1), ([{"a": 1}], [{"a": True}])])
def test_a_truth_value_is_not_a_number(last: object, now: object) -> None:
    progress = Progress(None, ["a"], UID)
    progress.record("a", last)
    assert Progress(progress.text(), ["a"], UID).differs("a", now)


def test_recording_the_same_again_leaves_nothing_to_write() -> None:
    progress = Progress('{"a":{"value":1},"object":{"uid":"u"}}', ["a"], UID)
    progress.record("a", 1)
    assert not progress.changed


def test_a_long_value_takes_no_more_room_than_its_hash() -> None:
    progress = Progress(None, ["a"], UID)
    progress.record("a", "x" * 100_000)
    assert len(progress.text()) < 120 and progress.last("a") is None
    assert not Progress(progress.text(), ["a"], UID).differs("a", "x" * 100_000)


def test_entries_of_handlers_that_are_gone_fall_away() -> None:
    progress = Progress('{"a":{"value":1},"old":{"value":2},"object":{"uid":"u"}}', ["a"], UID)
    progress.record("a", 3)
    assert progress.text() == '{"a":{"value":3},"object":{"uid":"u"}}'


def test_what_is_copied_from_another_object_counts_as_absent() -> None:
    progress = Progress(None, ["a"], UID)
    progress.record("a", 1)
    copy = Progress(progress.text(), ["a"], "another")
    assert not copy.knows("a") and copy.differs("a", 1)


def test_a_damaged_annotation_counts_as_absent() -> None:
    for text in ("", "nonsense", "[1]", '{"a": 1}'):
        assert not Progress(text, ["a"], UID).knows("a")
