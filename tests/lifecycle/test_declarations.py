from __future__ import annotations

import pytest
from tests.lifecycle.running import operator
from tests.lifecycle.site import Site

from kubewright.objects.core_v1 import ConfigMap


async def nothing() -> None: ...


def test_what_is_declared_says_what_it_needs_on_the_cluster() -> None:
    op = operator()
    op.timer(Site, interval=1, owns=[ConfigMap])(nothing)
    assert op.kinds() == [Site.gvk, ConfigMap.gvk]
    verbs = {(need.resource, verb) for need in op.needs() for verb in need.verbs}
    assert {("sites", "watch"), ("sites/status", "patch"), ("configmaps", "delete")} <= verbs
    assert ("sites", "patch") not in verbs
    op.on_delete(Site)(nothing)
    assert ("sites", "patch") in {(need.resource, verb) for need in op.needs() for verb in need.verbs}


def test_handlers_of_one_kind_share_a_controller_and_timers_have_their_own() -> None:
    op = operator()
    op.on_create(Site)(nothing)
    op.on_change(Site, "spec.host")(nothing)
    op.timer(Site, interval=1)(nothing)
    op.daemon(Site, name="Watch_It")(nothing)
    assert [declared.name for declared in op.declarations] == ["site-nothing", "site-watch-it", "site-handlers"]


def test_handlers_say_what_they_own_and_how_many_objects_they_work_on() -> None:
    op = operator()
    op.on_create(Site, owns=[ConfigMap], workers=8)(nothing)
    op.on_delete(Site, workers=2)(nothing)
    (declared,) = op.declarations
    assert (declared.workers, declared.owns) == (8, [ConfigMap])
    verbs = {(need.resource, verb) for need in op.needs() for verb in need.verbs}
    assert {("configmaps", "create"), ("configmaps", "watch")} <= verbs


def test_the_longest_backoff_of_the_handlers_of_a_kind_counts() -> None:
    op = operator()
    op.on_create(Site)(nothing)
    op.on_update(Site, backoff=60)(nothing)
    op.on_delete(Site, backoff=(1, 300))(nothing)
    op.timer(Site, interval=1, backoff=5)(nothing)
    assert [declared.backoff for declared in op.declarations] == [5, 60]
    with pytest.raises(ValueError, match="backoff=0: say seconds"):
        op.daemon(Site, backoff=0)(nothing)


def test_a_timer_that_would_never_be_due_is_refused() -> None:
    with pytest.raises(ValueError, match="interval="):
        operator().timer(Site)


def test_two_handlers_that_would_share_their_progress_are_refused() -> None:
    op = operator()
    op.on_change(Site, "spec.host")(nothing)
    op.on_change(Site, "spec.replicas")(nothing)
    with pytest.raises(ValueError, match=r"two handlers change/nothing/spec/host"):
        op.on_change(Site, "spec.host")(nothing)


def test_a_field_that_does_not_exist_is_refused_when_it_is_declared() -> None:
    with pytest.raises(ValueError, match=r"no field spec\.hosts"):
        operator().on_change(Site, "spec.hosts")
