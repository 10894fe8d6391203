"""What a deletion does to an object: nothing is lost that someone still holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from kubewright.apiserver.registry import deletion
from kubewright.apiserver.registry.strategy import Object, Strategy

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


class Graceful(Strategy):
    graceful: ClassVar[bool] = True

    def grace_period(self, obj: Object, requested: int | None) -> int:
        return 30 if requested is None else requested


def obj(**metadata: Any) -> Object:
    return {"metadata": {"name": "a", "uid": "u", "resourceVersion": "5", **metadata}}


def test_an_object_that_nobody_holds_goes_at_once() -> None:
    assert deletion.begin(Strategy(), obj(), {}, NOW) == "remove"


def test_a_finalizer_keeps_the_object_and_the_deletion_counts_as_a_change() -> None:
    held = obj(finalizers=["example.com/x"], generation=3)
    assert deletion.begin(Strategy(), held, {}, NOW) == "update"
    assert held["metadata"]["deletionTimestamp"] == "2026-01-01T12:00:00Z"
    assert (held["metadata"]["deletionGracePeriodSeconds"], held["metadata"]["generation"]) == (0, 4)


def test_a_second_deletion_changes_nothing() -> None:
    held = obj(finalizers=["example.com/x"], generation=3)
    deletion.begin(Strategy(), held, {}, NOW)
    before = {**held["metadata"]}
    deletion.begin(Strategy(), held, {}, datetime(2027, 1, 1, tzinfo=UTC))
    assert held["metadata"] == before


@pytest.mark.parametrize(
    ("options", "finalizers"),
    [
        ({"propagationPolicy": "Orphan"}, ["orphan"]),
        ({"orphanDependents": True}, ["orphan"]),
        ({"propagationPolicy": "Foreground"}, ["foregroundDeletion"]),
    ],
)
def test_dependents_are_left_to_the_collector(options: Object, finalizers: list[str]) -> None:
    owner = obj()
    assert deletion.begin(Strategy(), owner, options, NOW) == "update"
    assert owner["metadata"]["finalizers"] == finalizers


def test_background_takes_back_a_foreground_deletion() -> None:
    owner = obj(finalizers=["foregroundDeletion"])
    assert deletion.begin(Strategy(), owner, {"propagationPolicy": "Background"}, NOW) == "remove"


def test_a_grace_period_can_only_be_shortened() -> None:
    pod = obj(generation=1)
    assert deletion.begin(Graceful(), pod, {}, NOW) == "update"
    assert pod["metadata"]["deletionTimestamp"] == "2026-01-01T12:00:30Z"
    assert deletion.begin(Graceful(), pod, {"gracePeriodSeconds": 60}, NOW) == "nothing"
    assert deletion.begin(Graceful(), pod, {"gracePeriodSeconds": 5}, NOW) == "update"
    assert pod["metadata"]["deletionTimestamp"] == "2026-01-01T12:00:05Z"
    assert deletion.begin(Graceful(), pod, {"gracePeriodSeconds": 0}, NOW) == "update and remove"
    assert pod["metadata"]["generation"] == 2


def test_the_last_finalizer_that_goes_finishes_the_deletion() -> None:
    held = obj(finalizers=["example.com/x"])
    deletion.begin(Strategy(), held, {}, NOW)
    assert not deletion.finished(Strategy(), held)
    held["metadata"]["finalizers"] = []
    assert deletion.finished(Strategy(), held)
    assert not deletion.finished(Strategy(), obj())
