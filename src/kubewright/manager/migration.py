"""Storage-version migration: every object of a custom resource is written again in the version that is stored now.

A definition's name goes in; afterwards its ``status.storedVersions`` names one version, so that the others can be
dropped from the definition.  Interrupted, it can simply be started again: what has been rewritten costs no write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from kubewright.client import Client, MetadataOnly
from kubewright.objects import GroupVersionKind, Unstructured
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.errors import Gone, NotFound


class Migration(NamedTuple):
    """What has been done: the version that is stored now, the versions that no longer are, the objects looked at."""

    version: str
    dropped: tuple[str, ...]
    objects: int


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
    :raises Conflict: the definition changed meanwhile; start again.
    """
    crd = await client.get(CustomResourceDefinition, name)
    stored = next(version.name for version in crd.spec.versions if version.storage)
    dropped = tuple(version for version in crd.status.stored_versions if version != stored)
    if not dropped:
        return Migration(stored, (), 0)
    kind = MetadataOnly(GroupVersionKind(crd.spec.group, stored, crd.spec.names.kind))
    while True:
        try:
            done = await _rewrite_all(client, kind, page_size, concurrency, progress)
        except Gone:  # listing took longer than the server remembers: the next round finds most of it done
            continue
        break
    # The resource version makes sure that no other version has become the stored one meanwhile.
    trimmed = {"metadata": {"resourceVersion": crd.metadata.resource_version}, "status": {"storedVersions": [stored]}}
    await client.patch(crd, merge=trimmed, subresource="status")
    return Migration(stored, dropped, done)


async def _rewrite_all(
    client: Client, kind: MetadataOnly, page_size: int, concurrency: int, progress: Callable[[int], None] | None
) -> int:
    done, slots = 0, asyncio.Semaphore(concurrency)
    async for page in client.pages(kind, page_size=page_size):
        async with asyncio.TaskGroup() as writes:
            for obj in page:
                writes.create_task(_rewrite(client, kind, obj, slots))
        done += len(page)
        if progress is not None:
            progress(done)
    return done


async def _rewrite(client: Client, kind: MetadataOnly, obj: Unstructured, slots: asyncio.Semaphore) -> None:
    """A patch that changes nothing: the server writes only where the stored bytes would differ."""
    async with slots:
        with suppress(NotFound):  # deleted meanwhile
            await client.patch(kind, obj.metadata.name, obj.metadata.namespace or None, merge={})
