from __future__ import annotations

from kubewright import Context, Operator, Resource, Spec, Status
from kubewright.objects.core_v1 import ConfigMap, Secret

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
