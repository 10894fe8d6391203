from __future__ import annotations

import pytest

from kubewright import Context, Operator, Resource, Spec, Status
from kubewright.objects.core_v1 import ConfigMap, Pod, Secret

op = Operator("site-operator")


class SiteSpec(Spec):
    host: str | None = None


class SiteStatus(Status):
    ready: bool = False


@op.resource(group="web.example.com", version="v1")
class Website(Resource[SiteSpec, SiteStatus]): ...


@op.validate(Website)
def accept(new: Website, old: Website | None) -> None: ...


@op.reconcile(Website, owns=[ConfigMap], watches={Secret: lambda secret: []})
async def reconcile(site: Website, ctx: Context) -> None: ...


@op.finalize(Website)
async def clean_up(site: Website, ctx: Context) -> None: ...


def test_the_needs_are_what_the_declarations_say() -> None:
    needs = {(need.group, need.resource): need.verbs for need in op.needs(leader_elect=True, webhooks=True)}
    read = ("get", "list", "watch")
    assert needs == {
        ("web.example.com", "websites"): ("patch",),
        ("web.example.com", "websites/status"): ("patch",),
        ("web.example.com", "websites/finalizers"): ("update",),
        ("", "configmaps"): (*read, "create", "patch", "delete"),
        ("", "secrets"): ("get", "create", "update"),
        ("events.k8s.io", "events"): ("create", "patch"),
        ("coordination.k8s.io", "leases"): ("get", "create", "update"),
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): ("get", "patch"),
    }


def test_handlers_that_remember_their_progress_may_write_it() -> None:
    handling = Operator("handling-operator")

    @handling.on_update(Website)
    async def updated(name: str) -> None: ...

    assert "patch" in {verb for need in handling.needs() if need.resource == "websites" for verb in need.verbs}


def test_a_status_that_is_no_subresource_is_written_with_the_object() -> None:
    whole = Operator("whole-operator")

    @whole.resource(group="web.example.com", version="v1", plural="pages", status_subresource=False)
    class Page(Resource[SiteSpec, SiteStatus]): ...

    @whole.reconcile(Page)
    async def reconcile(page: Page, ctx: Context) -> None: ...

    assert {need.resource for need in whole.needs() if "patch" in need.verbs} == {"events", "pages"}


def test_what_no_declaration_implies_is_asked_for() -> None:
    asking = Operator("asking-operator")
    asking.requires(Pod, "create", subresource="eviction", why="draining")
    asking.requires(Secret, "get", name="key")
    draining, reading, *_ = asking.needs()
    assert (draining.resource, draining.verbs, draining.why) == ("pods/eviction", ("create",), "draining")
    assert (reading.resource, reading.name, reading.why) == ("secrets", "key", "asked for by asking-operator")


def test_what_is_only_followed_has_to_be_read() -> None:
    asking = Operator("asking")
    asking.follow(Pod)
    assert asking.kinds() == [Pod.gvk]
    assert [(need.verbs, need.why) for need in asking.needs() if need.resource == "pods"] == [
        (("get", "list", "watch"), "following Pod")
    ]

    @asking.reconcile(Pod)
    async def look(pod: Pod, ctx: Context) -> None: ...

    assert [need.why for need in asking.needs() if need.resource == "pods"] == ["watching Pod"]


def test_a_permission_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"op\.requires\(Pod, 'get'\)"):
        Operator("asking-operator").requires(Pod)
