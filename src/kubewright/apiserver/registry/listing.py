"""Lists: which objects, as of which version, and where the next page begins.

The newest state comes from the watch cache; a list of a past version (an exact one, or the later pages of a list that
others wrote into meanwhile) is read from the store.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from kubewright.apiserver.registry.options import ReadOptions, version_number
from kubewright.apiserver.registry.store import Store
from kubewright.apiserver.storage.protocol import Compacted, FutureRevision
from kubewright.apiserver.watch_cache import CachedObject, Selection
from kubewright.objects.errors import BadRequest, Gone, Timeout


class ListPage(NamedTuple):
    """One page of a list; ``continue_token`` is empty on the last one, ``remaining`` None where it is not known."""

    items: list[CachedObject]
    revision: int
    continue_token: str = ""
    remaining: int | None = None


class _Position(msgspec.Struct):
    """What a continue token says: the version of the list, negative for the newest, and the last key that was given."""

    v: str
    rv: int
    start: str


async def list_page(store: Store, namespace: str, options: ReadOptions) -> ListPage:
    """The objects that a list asks for.

    :raises BadRequest: a selector or the continue token is not valid.
    :raises Gone: the version is no longer kept.
    :raises Timeout: the version has not happened yet.
    """
    selection = store.selection(namespace, options)
    after, revision, position = "", 0, None
    if options.continue_token:
        if options.resource_version not in ("", "0"):
            raise BadRequest("specifying resource version is not allowed when using continue")
        position = _decode_token(options.continue_token)
        after, revision = store.cache.prefix + position.start, max(position.rv, 0)
    elif options.match == "Exact" or (options.limit and not options.match and _version(options)):
        revision = _version(options)
    if revision:
        await store.cluster.caches.fresh(revision)
    else:
        wanted = options.resource_version
        await store.cluster.caches.fresh(_version(options) if wanted else None)
        revision = store.cluster.caches.revision
    if revision == store.cluster.caches.revision:
        candidates: Iterable[CachedObject] = store.cache.range(namespace, after)
    else:
        try:
            candidates = await _past(store, namespace, revision, after)
        except Gone as error:
            raise _expired_page(position) if position is not None else error from None
    # Kubernetes' watch cache, asked for whatever it has, gives all of it (``computeListLimit``); Events have none.
    cached = store.resource.plural != "events" or store.resource.custom
    limit = 0 if options.resource_version == "0" and cached else options.limit
    return _cut(store.cache.prefix, candidates, selection, limit, revision)


def _cut(prefix: str, candidates: Iterable[CachedObject], selection: Selection, limit: int, revision: int) -> ListPage:
    items: list[CachedObject] = []
    rest = iter(candidates)
    for candidate in rest:
        if not selection.matches(candidate):
            continue
        if limit and len(items) == limit:
            token = _encode_token(revision, items[-1].key[len(prefix) :])
            # With a selector the rest would have to be looked at to be counted.
            remaining = None if selection.selective else 1 + sum(1 for _ in rest)
            return ListPage(items, revision, token, remaining)
        items.append(candidate)
    return ListPage(items, revision)


def _expired_page(position: _Position) -> Gone:
    """The rest of a list can no longer be had as of its version, but as of now."""
    error = Gone(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
        "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
        "modified, or deleted between the time the first chunk was returned and now may show up in the list."
    )
    error.continue_token = _encode_token(-1, position.start)
    return error


async def _past(store: Store, namespace: str, revision: int, after: str) -> list[CachedObject]:
    prefix = f"{store.cache.prefix}{namespace}/" if namespace else store.cache.prefix
    try:
        page = await store.cluster.storage.range(prefix, revision=revision, after=after)
    except Compacted as error:
        raise Gone(f"The resourceVersion for the provided list is too old: {revision} ({error.oldest})") from None
    except FutureRevision:
        raise Timeout(f"Too large resource version: {revision}") from None
    return [store.cache.object_of(entry) for entry in page.entries]


def _version(options: ReadOptions) -> int:
    text = options.resource_version
    number = version_number(text or "0")
    if number is None:
        raise BadRequest(f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: invalid syntax')
    return number


def _encode_token(revision: int, start: str) -> str:
    token = msgspec.json.encode(_Position("meta.k8s.io/v1", revision, start))
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode()


def _decode_token(token: str) -> _Position:
    try:
        position = msgspec.json.decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)), type=_Position)
    except ValueError as error:
        raise BadRequest(f"continue key is not valid: {error}") from None
    if position.v != "meta.k8s.io/v1":
        raise BadRequest(f"continue key is not valid: server does not recognize this encoded version {position.v}")
    if position.rv == 0:
        why = "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"
        raise BadRequest(f"continue key is not valid: {why}")
    if not position.start:
        raise BadRequest("continue key is not valid: encoded start key empty (version meta.k8s.io/v1)")
    return position
