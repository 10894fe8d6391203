"""Storage-version migration: every object of a custom resource is written again in the version that is stored now.

A definition's name goes in; afterwards its ``status.storedVersions`` names one version, so that the others can be
dropped from the definition.  Interrupted, it can simply be started again: what has been rewritten costs no write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from kubewright.client import Client, MetadataOnly
from kubewright.objects import GroupVersionKind, Unstructured
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.errors import APIError, Gone, NotFound

_SHOWN: Final = 10


class Migration(NamedTuple):
    """What has been done: the version that is stored now, the versions that no longer are, the objects looked at."""

    version: str
    dropped: tuple[str, ...]
    objects: int


class NotMigrated(Exception):
    """Some objects could not be written again; those that could are done, and no version has been forgotten."""

    def __init__(self, refused: Mapping[str, APIError]) -> None:
        shown = "".join(f"\n  {name}: {error}" for name, error in list(refused.items())[:_SHOWN])
        more = f"\n  and {len(refused) - _SHOWN} more" if len(refused) > _SHOWN else ""
        super().__init__(f"{len(refused)} objects could not be rewritten; correct them and start again:{shown}{more}")
        self.refused = refused


async def migrate(
    client: Client,
    name: str,
    *,
    page_size: int = 500,
    concurrency: int = 8,
    progress: Callable[[int], None] | None = None,
) -> Migration:
    """Rewrite all objects of a definition and trim its stored versions.

    :param name: of the definition, ``websites.web.example.com``.
    :param concurrency: how many objects are written at a time.
    :param progress: called with the number of objects done so far, after each page.
    :raises NotFound: there is no such definition.
    :raises NotMigrated: the API server refuses some objects as they are, a webhook for example.
    :raises Conflict: the definition changed meanwhile; start again.
    """
    crd = await client.get(CustomResourceDefinition, name)
    stored = next(version.name for version in crd.spec.versions if version.storage)
    dropped = tuple(version for version in crd.status.stored_versions if version != stored)
    if not dropped:
        return Migration(stored, (), 0)
    served = [version.name for version in crd.spec.versions if version.served]
    through = stored if stored in served or not served else served[0]
    kind = MetadataOnly(GroupVersionKind(crd.spec.group, through, crd.spec.names.kind))
    while True:
        try:
            done, refused = await _rewrite_all(client, kind, page_size, concurrency, progress)
        except Gone:  # listing took longer than the server remembers: the next round finds most of it done
            continue
        break
    if refused:
        raise NotMigrated(refused)
    # The resource version makes sure that no other version has become the stored one meanwhile.
    trimmed = {"metadata": {"resourceVersion": crd.metadata.resource_version}, "status": {"storedVersions": [stored]}}
    await client.patch(crd, merge=trimmed, subresource="status")
    return Migration(stored, dropped, done)


async def _rewrite_all(
    client: Client, kind: MetadataOnly, page_size: int, concurrency: int, progress: Callable[[int], None] | None
) -> tuple[int, dict[str, APIError]]:
    """How many objects were looked at, and why some could not be written."""
    done, slots = 0, asyncio.Semaphore(concurrency)
    refused: dict[str, APIError] = {}
    async for page in client.pages(kind, page_size=page_size):
        for obj, error in await asyncio.gather(*(_rewrite(client, kind, obj, slots) for obj in page)):
            if error is not None:
                refused["/".join(filter(None, (obj.metadata.namespace, obj.metadata.name)))] = error
        done += len(page)
        if progress is not None:
            progress(done)
    return done, refused


async def _rewrite(
    client: Client, kind: MetadataOnly, obj: Unstructured, slots: asyncio.Semaphore
) -> tuple[Unstructured, APIError | None]:
    """A patch that changes nothing: the server writes only where the stored bytes would differ."""
    async with slots:
        try:
            await client.patch(kind, obj.metadata.name, obj.metadata.namespace or None, merge={})
        except NotFound:
            pass  # deleted meanwhile
        except APIError as error:
            return obj, error
    return obj, None
