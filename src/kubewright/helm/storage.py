"""Releases in Secrets, as Helm keeps them: ``sh.helm.release.v1.NAME.vREVISION`` in the release's namespace.

A revision goes in and comes out as a `Release`; which revisions there are is told from labels alone.  What is too big
for one Secret is spread over several under a type of our own, which Helm's commands pass over.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import NamedTuple

from kubewright.client import Client, MetadataOnly
from kubewright.helm.releases import DEPLOYED, FAILED, Release, decode, encode
from kubewright.objects import Object, ObjectMeta, OwnerReference, Unstructured, now, owner_reference
from kubewright.objects.core_v1 import Secret
from kubewright.objects.errors import NotFound

TYPE = "helm.sh/release.v1"
CHUNKED = "kubewright.dev/release.v1"
INPUTS = "kubewright.dev/inputs"
"""The annotation with the digest of what a revision was rendered from."""

LIMIT = 1_000_000
"""Bytes of one Secret's data; the API server refuses more than a mebibyte."""

_OWNERS = {TYPE: "helm", CHUNKED: "kubewright"}


class Revision(NamedTuple):
    """What labels tell of a revision."""

    name: str
    version: int
    status: str
    inputs: str
    owners: tuple[OwnerReference, ...]
    modified: int
    """When it was written last, in seconds since the epoch."""


class Releases:
    """The stored revisions of one release.

    :param owner: the custom resource, which the release is called after; the Secrets are deleted with it.
    """

    def __init__(self, client: Client, owner: Object | Unstructured, *, field_manager: str) -> None:
        self._client = client
        self._name = owner.metadata.name
        self._owner = owner
        self._field_manager = field_manager
        self._namespace = owner.metadata.namespace or client.namespace

    async def revisions(self) -> list[Revision]:
        """All of them, the oldest first."""
        selector = f"name={self._name},owner in (helm,kubewright)"
        found = await self._client.list(MetadataOnly(Secret), namespace=self._namespace, label_selector=selector)
        revisions = []
        for secret in found:
            labels = secret.metadata.labels
            if not labels.get("version", "").isdigit():
                continue
            inputs = secret.metadata.annotations.get(INPUTS, "")
            owners = tuple(secret.metadata.owner_references)
            name, modified = secret.metadata.name, labels.get("modifiedAt", labels.get("createdAt", ""))
            revisions.append(
                Revision(
                    name, int(labels["version"]), labels.get("status", ""), inputs, owners,
                    int(modified) if modified.isdigit() else 0,
                )
            )  # fmt: skip
        return sorted(revisions, key=lambda one: one.version)

    async def read(self, revision: Revision) -> Release:
        """One revision.

        :raises NotFound: it, or a part of it, is gone.
        :raises ValueError: the Secret holds no release.
        """
        secret = await self._client.get(Secret, revision.name, self._namespace)
        data = _data(secret)
        for number in range(1, int(secret.metadata.annotations.get("kubewright.dev/chunks", "1"))):
            data += _data(await self._client.get(Secret, _chunk(revision.name, number), self._namespace))
        return decode(data)

    async def write(self, release: Release, *, inputs: str = "") -> None:
        """Store a revision, or its new state.

        :param inputs: the digest of what it was rendered from.
        """
        data = encode(release)
        pieces = [data[start : start + LIMIT] for start in range(0, len(data), LIMIT)]
        name = f"sh.helm.release.v1.{release.name}.v{release.version}"
        kind = TYPE if len(pieces) == 1 else CHUNKED
        labels = {
            "name": release.name,
            "owner": _OWNERS[kind],
            "status": release.info.status,
            "version": str(release.version),
            "modifiedAt": str(int(now().timestamp())),
        }
        annotations = {INPUTS: inputs} if inputs else {}
        if kind == CHUNKED:
            annotations["kubewright.dev/chunks"] = str(len(pieces))
        for number, piece in enumerate(pieces[1:], start=1):
            part = {"name": release.name, "owner": "kubewright-chunk", "of": name}
            await self._apply(_chunk(name, number), CHUNKED, part, {}, piece)
        await self._apply(name, kind, labels, annotations, pieces[0])

    async def set_status(self, revision: Revision, status: str, description: str = "") -> None:
        """Change what a stored revision says of itself."""
        release = copy.copy(await self.read(revision))
        release.info = copy.copy(release.info)
        release.info.status = status
        release.info.description = description or release.info.description
        await self.write(release, inputs=revision.inputs)

    async def delete(self, revisions: Sequence[Revision]) -> None:
        for revision in revisions:
            chunks = await self._client.list(
                MetadataOnly(Secret), namespace=self._namespace, label_selector={"of": revision.name}
            )
            for name in (*(chunk.metadata.name for chunk in chunks), revision.name):
                try:
                    await self._client.delete(Secret, name, self._namespace)
                except NotFound:
                    continue

    async def trim(self, keep: int) -> None:
        """Delete the oldest revisions but what is deployed.

        :param keep: how many stay; 0 keeps all.
        """
        revisions = await self.revisions()
        if keep and len(revisions) > keep:
            await self.delete([one for one in revisions[:-keep] if one.status != DEPLOYED])

    async def _apply(
        self, name: str, kind: str, labels: dict[str, str], annotations: dict[str, str], data: bytes
    ) -> None:
        secret = Secret(
            metadata=ObjectMeta(
                name=name,
                namespace=self._namespace,
                labels=labels,
                annotations=annotations,
                owner_references=[owner_reference(self._owner)],
            ),
            type=kind,
            data={"release": data},
        )
        await self._client.apply(secret, field_manager=self._field_manager, force=True)


def pause_after_failures(revisions: Sequence[Revision], inputs: str, *, longest: float, at: float) -> float:
    """Seconds until what has failed before may be tried again: 2, 4, 8 and so on after each try.

    :param inputs: the digest of what is to be rendered; what failed with other inputs does not count.
    :param longest: seconds.
    :param at: the time, in seconds since the epoch.
    """
    failed = [one for one in revisions if one.inputs == inputs and one.status == FAILED]
    if not failed:
        return 0.0
    return max(0.0, failed[-1].modified + min(2.0 ** len(failed), longest) - at)


def is_others(revision: Revision, owner: Object) -> bool:
    """Whether a revision belongs to another custom resource; one that belongs to nobody was made by Helm itself."""
    return bool(revision.owners) and all(one.uid != owner.metadata.uid for one in revision.owners)


def _data(secret: Secret) -> bytes:
    return bytes((secret.data or {}).get("release", b""))


def _chunk(name: str, number: int) -> str:
    return f"{name}.chunk{number}"
