"""The objects of a release on the cluster: applied, compared, and removed when they leave the chart.

Rendered objects go in; they are sent by server-side apply with their owner, or with annotations that lead back to it
where Kubernetes allows no owner reference.  What has not been changed since it was sent is not sent again.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from kubewright.cache import Cache
from kubewright.client import Client, NoMatch, Untyped
from kubewright.controller.primary_resource import primary_annotations
from kubewright.helm.manifests import Raw, gvk_of, is_kept, name_of
from kubewright.objects import GroupVersionKind, Object, Unstructured, key, owner_reference, to_dict
from kubewright.objects.errors import Conflict, Invalid, NotFound

FIELD_MANAGER = "helm"
"""Helm's own, so that its commands (``helm rollback``) and this operator do not contend for fields."""

RELEASE_NAME, RELEASE_NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
MANAGED_BY = "app.kubernetes.io/managed-by"

_SERVER_FIELDS = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")


class ForeignObject(ValueError):
    """An object that a release would make exists and belongs to somebody else."""


class Ref(NamedTuple):
    """Which object; the namespace is empty for one without."""

    gvk: GroupVersionKind
    namespace: str
    name: str

    def __str__(self) -> str:
        group = f".{self.gvk.group}" if self.gvk.group else ""
        return f"{self.gvk.kind.lower()}{group}/{self.name}"


class Sent(NamedTuple):
    """Digests of what was sent of an object last, and of what it then was, its status aside."""

    wanted: bytes
    answer: bytes


class ReleaseObjects:
    """What belongs to one custom resource's release.

    :param name: of the release.
    :param memory: what was sent before; it only saves requests.
    """

    def __init__(self, client: Client, cache: Cache, owner: Object, name: str, *, memory: dict[Ref, Sent]) -> None:
        self._client = client
        self._cache = cache
        self._owner = owner
        self._name = name
        self._namespace = owner.metadata.namespace or client.namespace
        self._memory = memory

    async def ref(self, obj: Raw) -> Ref:
        """Where an object lives.

        :raises NoMatch: the cluster does not serve its kind.
        """
        mapping = await self._client.mapper.mapping(gvk_of(obj))
        namespace = (obj["metadata"].get("namespace") or self._namespace) if mapping.namespaced else ""
        return Ref(mapping.kind, namespace, obj["metadata"]["name"])

    async def apply(self, obj: Raw, *, force: bool = False) -> Unstructured:
        """Have an object be as it says, and return it as it is now.

        :param force: make it anew if it can't be changed.
        :raises Invalid: the cluster refuses it.
        :raises NoMatch: the cluster does not serve its kind.
        """
        ref = await self.ref(obj)
        wanted = self._completed(obj, ref)
        live = await self.cached(ref)
        digest = _digest(wanted)
        if live is not None and self._memory.get(ref) == Sent(digest, _digest(_shown(live))):
            return live
        try:
            answer = await self._send(wanted)
        except Invalid:
            if not force or await self.live(ref) is None:
                raise
            await self.remove(ref)
            answer = await self._send(wanted)
        self._memory[ref] = Sent(digest, _digest(_shown(answer)))
        return answer

    async def plan(self, obj: Raw) -> tuple[Raw | None, Raw]:
        """The object as it is and as :meth:`apply` would leave it, without what the server keeps for itself."""
        ref = await self.ref(obj)
        live = await self.live(ref)
        after = await self._client.apply(
            Unstructured(self._completed(obj, ref)), field_manager=FIELD_MANAGER, force=True, dry_run=True
        )
        return None if live is None else _shown(live), _shown(after)

    async def refuse_foreign(self, objects: Iterable[Raw]) -> None:
        """Helm's rule for objects that a release comes to have: what exists must have been made for it.

        :raises ForeignObject: one was not.
        """
        for obj in objects:
            live = await self.live(await self.ref(obj))
            if live is None or any(one.uid == self._owner.metadata.uid for one in live.metadata.owner_references):
                continue
            annotations = live.metadata.annotations
            made_for = annotations.get(RELEASE_NAMESPACE), annotations.get(RELEASE_NAME)
            if made_for != (self._namespace, self._name):
                raise ForeignObject(
                    f"{name_of(obj)} exists and belongs to no release {self._name}: delete it, or annotate it with "
                    f"{RELEASE_NAME}={self._name} and {RELEASE_NAMESPACE}={self._namespace}"
                )

    async def prune(self, old: Sequence[Raw], new: Sequence[Raw]) -> list[Ref]:
        """Remove what was part of a release and is no more, the last first; what is to be kept stays."""
        wanted = {await self.ref(obj) for obj in new}
        removed = []
        for obj in reversed(old):
            try:
                ref = await self.ref(obj)
            except NoMatch:
                continue
            if ref not in wanted and not is_kept(obj) and await self.remove(ref):
                removed.append(ref)
        return removed

    async def remove(self, ref: Ref) -> bool:
        """Delete an object with what belongs to it; whether it was there."""
        self._memory.pop(ref, None)
        try:
            live = await self._client.get(Untyped(ref.gvk), ref.name, ref.namespace or None)
            if live.metadata.deletion_timestamp is None:
                await self._client.delete(live, uid=live.metadata.uid, propagation="Background")
        except (NotFound, NoMatch, Conflict):
            return False
        return True

    async def live(self, ref: Ref) -> Unstructured | None:
        try:
            return await self._client.get(Untyped(ref.gvk), ref.name, ref.namespace or None)
        except NotFound:
            return None

    async def cached(self, ref: Ref) -> Unstructured | None:
        """The object as the watch last showed it; None also where its kind is not watched."""
        followed = any(informer.target == Untyped(ref.gvk) for informer in self._cache.informers)
        if not followed:
            return None
        try:
            return await self._cache.get(Untyped(ref.gvk), ref.name, ref.namespace or None)
        except NotFound:
            return None

    async def _send(self, wanted: Raw) -> Unstructured:
        obj = Unstructured(copy.deepcopy(wanted))
        return await self._client.apply(obj, field_manager=FIELD_MANAGER, force=True)

    def _completed(self, obj: Raw, ref: Ref) -> Raw:
        """A copy with namespace, Helm's marks, and the way back to the custom resource."""
        obj = copy.deepcopy(obj)
        metadata: dict[str, Any] = obj["metadata"]
        metadata["labels"] = {**(metadata.get("labels") or {}), MANAGED_BY: "Helm"}
        annotations = metadata.get("annotations") or {}
        annotations = {**annotations, RELEASE_NAME: self._name, RELEASE_NAMESPACE: self._namespace}
        if ref.namespace:
            metadata["namespace"] = ref.namespace
        owner = self._owner.metadata
        if not is_kept(obj):
            if not owner.namespace or owner.namespace == ref.namespace:
                metadata["ownerReferences"] = [to_dict(owner_reference(self._owner))]
            else:
                annotations |= primary_annotations(self._owner.gvk.group_kind, key(self._owner))
        metadata["annotations"] = annotations
        return obj


def _digest(obj: Raw) -> bytes:
    return hashlib.blake2b(msgspec.json.encode(obj, order="deterministic"), digest_size=16).digest()


def _shown(obj: Unstructured) -> Raw:
    plain: Raw = to_dict(obj)
    for field in _SERVER_FIELDS:
        plain["metadata"].pop(field, None)
    plain.pop("status", None)
    return plain
