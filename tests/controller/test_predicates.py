from __future__ import annotations

from dataclasses import replace

import pytest
from tests.controller.observed import Seen, created, deleted, updated

from kubewright.controller.predicates import (
    Predicate,
    annotations_changed,
    generation_changed,
    labels_changed,
    matches_labels,
    on_object,
    resource_version_changed,
)
from kubewright.objects.selectors import SelectorError

OLD = Seen()


@pytest.mark.parametrize(
    ("predicate", "new"),
    [
        (generation_changed, replace(OLD, generation=2)),
        (resource_version_changed, replace(OLD, resource_version="2")),
        (labels_changed, replace(OLD, labels={"a": "b"})),
        (annotations_changed, replace(OLD, annotations={"a": "b"})),
    ],
)
def test_updates_pass_only_if_they_change_what_counts(predicate: Predicate, new: Seen) -> None:
    assert predicate(updated(OLD, new))
    assert not predicate(updated(OLD, OLD))
    assert predicate(created(new))
    assert predicate(deleted(OLD))


def test_predicates_combine() -> None:
    relabelled = updated(OLD, replace(OLD, labels={"a": "b"}))
    assert (generation_changed | labels_changed)(relabelled)
    assert not (generation_changed & labels_changed)(relabelled)
    assert (~generation_changed)(relabelled)
    assert not (~labels_changed)(created(OLD))


def test_label_selectors_match_before_or_after() -> None:
    blue = replace(OLD, labels={"colour": "blue"})
    predicate = matches_labels("colour=blue")
    assert predicate(updated(OLD, blue)) and predicate(updated(blue, OLD)) and predicate(deleted(blue))
    assert not predicate(created(OLD))
    with pytest.raises(SelectorError):
        matches_labels("colour=")(created(OLD)) or matches_labels("!!")


def test_any_test_of_the_decoded_object() -> None:
    predicate = on_object(lambda text: text == "yes")
    assert predicate(updated(OLD, replace(OLD, content="yes")))
    assert predicate(deleted(replace(OLD, content="yes")))
    assert not predicate(created(OLD))
