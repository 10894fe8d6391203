"""ControllerRevisions: the templates that a StatefulSet or a DaemonSet has had, for kubectl rollout."""

from __future__ import annotations

from typing import Any

from kubewright.localcluster.pods import template_hash
from kubewright.localcluster.view import View
from kubewright.objects import Object, ObjectMeta, from_dict, owner_reference, to_dict
from kubewright.objects.apps_v1 import ControllerRevision
from kubewright.objects.core_v1 import PodTemplateSpec
from kubewright.objects.errors import AlreadyExists, NotFound

HASH = "controller-revision-hash"


async def ensure_revision(view: View, owner: Object, template: PodTemplateSpec, *, limit: int) -> str:
    """The name of the revision of ``template``, made if there is none; old ones beyond ``limit`` are deleted."""
    name = f"{owner.metadata.name}-{template_hash(template)}"
    revisions = sorted(view.owned(ControllerRevision, owner), key=lambda one: one.revision)
    newest = revisions[-1].revision if revisions else 0
    existing = next((one for one in revisions if one.metadata.name == name), None)
    if existing is None:
        plain: dict[str, Any] = {"spec": {"template": {**to_dict(template), "$patch": "replace"}}}
        metadata = ObjectMeta(
            name=name,
            namespace=owner.metadata.namespace,
            labels={**template.metadata.labels, HASH: name},
            owner_references=[owner_reference(owner)],
        )
        try:
            await view.client.create(ControllerRevision(metadata=metadata, data=plain, revision=newest + 1))
        except AlreadyExists:
            return name  # on its way through the cache
    elif existing.revision < newest:
        await view.client.patch(existing, merge={"revision": newest + 1})
    for old in [one for one in revisions if one.metadata.name != name][: max(len(revisions) - 1 - limit, 0)]:
        try:
            await view.client.delete(old)
        except NotFound:
            continue
    return name


def template_of(view: View, owner: Object, name: str) -> PodTemplateSpec | None:
    """The template of an earlier revision."""
    revision = view.get(ControllerRevision, name, owner.metadata.namespace)
    if revision is None or revision.data is None:
        return None
    plain = dict(revision.data["spec"]["template"])
    plain.pop("$patch", None)
    return from_dict(PodTemplateSpec, plain)
