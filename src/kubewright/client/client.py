"""The client: Kubernetes' verbs on typed, unstructured and metadata-only objects.

Verbs that ask take a typed class (`Deployment`), `Untyped(GroupVersionKind(...))` or `MetadataOnly(Deployment)`; verbs
that write take an object, typed or `Unstructured`, and return what the server made of it.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import msgspec

from kubewright.client.discovery import RestMapper
from kubewright.client.kinds import Kind, Target, Untyped, kind_of_class
from kubewright.client.parameters import (
    APPLY,
    Fields,
    FieldValidation,
    Labels,
    Propagation,
    delete_options,
    patch_body,
    selectors,
)
from kubewright.client.rest import JSON, RequestObserver, RestClient, log_warning, resource_path
from kubewright.client.watch import WatchEvent, read_events
from kubewright.client.writes import Write, WriteVerb, deletions
from kubewright.objects.changes import carry_over
from kubewright.objects.codec import to_json, to_json_in_full
from kubewright.objects.errors import APIError, NotFound
from kubewright.objects.meta import ListMeta, Object
from kubewright.objects.names import ObjectKey
from kubewright.objects.unstructured import Unstructured
from kubewright.transport.protocol import Transport, TransportError

T = TypeVar("T", bound=Object | Unstructured)

_log = logging.getLogger(__name__)

_OWN_KINDS = frozenset({"binding", "eviction", "scale", "token"})
"""Subresources whose answer is no object of the kind that they belong to."""

_METHODS = {
    "create": "POST", "update": "PUT", "patch": "PATCH", "apply": "PATCH", "delete": "DELETE",
    "deletecollection": "DELETE",
}  # fmt: skip


class ObjectList(list[T]):
    """The items of a list, with what the server said about the list itself."""

    def __init__(self, items: Sequence[T], metadata: ListMeta) -> None:
        super().__init__(items)
        self.metadata = metadata

    @property
    def resource_version(self) -> str:
        return self.metadata.resource_version


class _ListBody(msgspec.Struct):
    items: list[msgspec.Raw] | None = None
    metadata: ListMeta = msgspec.field(default_factory=ListMeta)


_decode_list = msgspec.json.Decoder(_ListBody).decode


class Client:
    """Talks to one API server.

    :param namespace: where namespaced objects are looked for and made when no namespace is given.
    :param field_manager: who owns the fields that are written; None leaves it to the server (the user agent's name),
        except that apply needs one and uses ``kubewright``.
    :param field_validation: what the server does about unknown and duplicate fields; None means its default, ``Warn``.
    :param dry_run: let the server go through every write without storing it.
    :param on_warning: called once for each distinct warning of the server.
    :param observe: called after every request; see `kubewright.client.metrics`.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        namespace: str = "default",
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        dry_run: bool = False,
        user_agent: str | None = None,
        on_warning: Callable[[str], None] = log_warning,
        observe: RequestObserver | None = None,
    ) -> None:
        self.rest = RestClient(transport, user_agent=user_agent, on_warning=on_warning, observe=observe)
        self.mapper = RestMapper(self.rest)
        self.namespace = namespace
        self.confined = False
        """Whether lists and watches stay in `namespace` too."""
        self.write_observers: list[Callable[[Write], None]] = []
        self._field_manager = field_manager
        self._field_validation = field_validation
        self._dry_run = dry_run

    def with_defaults(
        self,
        *,
        namespace: str | None = None,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        dry_run: bool | None = None,
    ) -> Client:
        """A client over the same connections that differs in these defaults.

        :param namespace: confine it to this namespace, lists and watches included.
        """
        other = copy.copy(self)
        if namespace is not None:
            other.namespace, other.confined = namespace, True
        other._field_manager = field_manager or self._field_manager
        other._field_validation = field_validation or self._field_validation
        other._dry_run = self._dry_run if dry_run is None else dry_run
        return other

    async def close(self) -> None:
        await self.rest.transport.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # -- reading

    async def get(
        self,
        target: type[T] | Target[T],
        name: str,
        namespace: str | None = None,
        *,
        subresource: str = "",
        resource_version: str | None = None,
    ) -> T:
        """Read one object.

        :param subresource: read this of it, as long as it has the same kind (``status``); see `subresource` for others.
        :param resource_version: ``"0"`` accepts any age; None asks for the newest.
        :raises NotFound: there is none.
        """
        kind = await self.kind(target)
        path = resource_path(kind.resource, *self._key(kind, name, namespace), subresource)
        response = await self.rest.request("GET", path, query={"resourceVersion": resource_version}, accept=kind.accept)
        return kind.decode(response.body)

    async def list(
        self,
        target: type[T] | Target[T],
        *,
        namespace: str | None = None,
        label_selector: Labels = None,
        field_selector: Fields = None,
        resource_version: str | None = None,
        limit: int | None = None,
        continue_token: str | None = None,
    ) -> ObjectList[T]:
        """Read the objects of a kind in one request.

        :param namespace: None means all namespaces.
        :param limit: how many at most; `ObjectList.metadata.continue_` then leads to the next ones.
        :raises Gone: the continue token is too old.
        """
        kind = await self.kind(target)
        query = {
            **selectors(label_selector, field_selector),
            "resourceVersion": resource_version,
            "limit": limit,
            "continue": continue_token,
        }
        path = resource_path(kind.resource, self._scope(kind, namespace))
        response = await self.rest.request("GET", path, query=query, accept=kind.accept_list)
        body = _decode_list(response.body)
        return ObjectList([kind.decode(item) for item in body.items or ()], body.metadata)

    async def pages(
        self,
        target: type[T] | Target[T],
        *,
        namespace: str | None = None,
        label_selector: Labels = None,
        field_selector: Fields = None,
        page_size: int = 500,
    ) -> AsyncIterator[ObjectList[T]]:
        """Read the objects of a kind page by page, all pages as of the first one's time.

        :raises Gone: the server has meanwhile forgotten that state (about five minutes); begin again.
        """
        token: str | None = None
        while token is None or token:
            page = await self.list(
                target,
                namespace=namespace,
                label_selector=label_selector,
                field_selector=field_selector,
                limit=page_size,
                continue_token=token,
            )
            yield page
            token = page.metadata.continue_

    @asynccontextmanager
    async def watch(
        self,
        target: type[T] | Target[T],
        *,
        namespace: str | None = None,
        label_selector: Labels = None,
        field_selector: Fields = None,
        resource_version: str | None = None,
        timeout_seconds: int | None = None,
        initial_events: bool = False,
        bookmarks: bool = False,
        idle_timeout: float | None = None,
    ) -> AsyncIterator[AsyncIterator[WatchEvent[T]]]:
        """See what happens to the objects of a kind.

        ``async with client.watch(Pod) as events`` opens the stream, ``async for event in events`` reads it.
        The stream ends when the server closes it; see `kubewright.cache` for one that never ends.

        :param resource_version: start after this; None starts with the objects that are there, as ADDED.
        :param initial_events: with bookmarks, mark the end of the objects that are there (``sendInitialEvents``).
        :param timeout_seconds: when the server shall close the stream.
        :param idle_timeout: seconds without a byte after which the connection counts as dead.
        :raises Gone: the resource version is too old, now or later.
        """
        kind = await self.kind(target)
        query: dict[str, object] = {
            "watch": True,
            **selectors(label_selector, field_selector),
            "resourceVersion": resource_version,
            "timeoutSeconds": timeout_seconds,
            "allowWatchBookmarks": bookmarks or initial_events,
        }
        if initial_events:
            query |= {"sendInitialEvents": True, "resourceVersionMatch": "NotOlderThan"}
        path = resource_path(kind.resource, self._scope(kind, namespace))
        async with self.rest.stream(path, query=query, accept=kind.accept, idle_timeout=idle_timeout) as stream:
            yield _events(aiter(stream), kind)

    # -- writing

    async def create(
        self,
        obj: T,
        namespace: str | None = None,
        *,
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        dry_run: bool | None = None,
    ) -> T:
        """Store a new object; with ``generate_name`` the server completes its name.

        :raises AlreadyExists: there is one of that name.
        :raises Invalid: the object is refused.
        """
        kind = await self._kind_of(obj)
        key = ObjectKey(self._namespace(kind, namespace or obj.metadata.namespace), "")
        query = self._options(field_manager, field_validation, dry_run)
        return kind.decode(await self._send("create", kind, key, query, to_json(obj)))

    async def update(
        self,
        obj: T,
        *,
        subresource: str = "",
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        dry_run: bool | None = None,
    ) -> T:
        """Replace an object as a whole; its ``resource_version``, where set, must be the stored one.

        What the server holds of it and a typed class doesn't know is kept, in nested parts and in the items of lists,
        too: the object is read first (``get`` must be allowed), and that is sent with everything that the class knows
        as it is here.  `Unstructured` objects are sent as they are.

        :raises Conflict: someone else wrote it meanwhile.
        """
        kind = await self._kind_of(obj)
        key = self._key(kind, obj.metadata.name, obj.metadata.namespace)
        query = self._options(field_manager, field_validation, dry_run)
        body = to_json(obj) if isinstance(obj, Unstructured) else await self._complete(kind, key, obj)
        return kind.decode(await self._send("update", kind, key, query, body, subresource=subresource))

    async def _complete(self, kind: Kind[T], key: ObjectKey, obj: T) -> bytes:
        """The object with what its class doesn't know of the one that the server holds.

        Reading it anew costs a request, but none of what remembering would: twice the memory for every object that is
        read, though few are ever replaced, and no rule about copies.
        """
        try:
            held = (await self.rest.request("GET", resource_path(kind.resource, *key))).body
        except NotFound:  # a few kinds are made by an update
            return to_json(obj)
        before, after = to_json_in_full(kind.decode(held)), to_json_in_full(obj)
        return msgspec.json.encode(carry_over(*map(msgspec.json.decode, (held, before, after))))

    async def patch(
        self,
        target: type[T] | Target[T] | T,
        name: str | None = None,
        namespace: str | None = None,
        *,
        merge: Mapping[str, Any] | None = None,
        strategic: Mapping[str, Any] | None = None,
        json: Sequence[Mapping[str, Any]] | None = None,
        subresource: str = "",
        field_manager: str | None = None,
        field_validation: FieldValidation | None = None,
        dry_run: bool | None = None,
    ) -> T:
        """Change an object by exactly one of three kinds of patch.

        ``client.patch(Deployment, "web", "shop", merge={"spec": {"replicas": 3}})``, or with an object in place of
        class, name and namespace.

        :param merge: a JSON merge patch (RFC 7386): None removes a field, lists are replaced.
        :param strategic: a strategic merge patch: lists of built-in kinds are merged by their keys.
        :param json: a JSON patch (RFC 6902): a list of operations.
        :raises Conflict: the patch names a ``resourceVersion`` that is no longer the stored one.
        """
        content_type, body = patch_body(merge, strategic, json)
        kind, key = await self._address(target, name, namespace)
        query = self._options(field_manager, field_validation, dry_run)
        answer = await self._send("patch", kind, key, query, body, content_type=content_type, subresource=subresource)
        return kind.decode(answer)

    async def apply(
        self,
        obj: T,
        *,
        field_manager: str | None = None,
        force: bool = False,
        subresource: str = "",
        field_validation: FieldValidation | None = None,
        dry_run: bool | None = None,
    ) -> T:
        """Server-side apply: the object says what its manager wants, and nothing about the rest.

        :param force: take over fields that others own.
        :raises Conflict: others own some of the fields, and want them otherwise; ``causes`` names them.
        """
        kind = await self._kind_of(obj)
        if obj.metadata.managed_fields:
            obj = copy.copy(obj)
            obj.metadata = copy.copy(obj.metadata)
            obj.metadata.managed_fields = []
        key = self._key(kind, obj.metadata.name, obj.metadata.namespace)
        manager = field_manager or self._field_manager or "kubewright"
        query = {**self._options(manager, field_validation, dry_run), "force": force}
        answer = await self._send("apply", kind, key, query, to_json(obj), content_type=APPLY, subresource=subresource)
        return kind.decode(answer)

    async def delete(
        self,
        target: type[T] | Target[T] | T,
        name: str | None = None,
        namespace: str | None = None,
        *,
        propagation: Propagation | None = None,
        grace_period_seconds: int | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
        dry_run: bool | None = None,
    ) -> None:
        """Delete an object; finalizers and grace periods may keep it for a while.

        :param propagation: what becomes of the objects it owns; None means what the kind's default is.
        :param uid: delete it only if this is its uid.
        :param resource_version: delete it only if this is its resource version.
        :raises NotFound: there is none.
        :raises Conflict: ``uid`` or ``resource_version`` is not the stored one.
        """
        kind, key = await self._address(target, name, namespace)
        body = delete_options(propagation, grace_period_seconds, uid, resource_version)
        await self._send("delete", kind, key, self._dry_run_option(dry_run), body)

    async def delete_collection(
        self,
        target: type[T] | Target[T],
        namespace: str | None = None,
        *,
        label_selector: Labels = None,
        field_selector: Fields = None,
        propagation: Propagation | None = None,
        grace_period_seconds: int | None = None,
        dry_run: bool | None = None,
    ) -> None:
        """Delete all objects of a kind in a namespace, or those that the selectors match.

        Where a cache reads this client's writes, what is left is listed once more: the answer shows the objects as they
        were before, and so doesn't tell which of them are gone and which only marked.
        """
        kind = await self.kind(target)
        key = ObjectKey(self._namespace(kind, namespace), "")
        selected = selectors(label_selector, field_selector)
        query = {**selected, **self._dry_run_option(dry_run)}
        body = delete_options(propagation, grace_period_seconds, None, None)
        answer = await self._send("deletecollection", kind, key, query, body)
        if self.write_observers and "dryRun" not in query:
            await self._tell_deleted(kind, key.namespace, selected, answer)

    async def _tell_deleted(
        self, kind: Kind[Any], namespace: str, selected: Mapping[str, object], deleted: bytes
    ) -> None:
        """Tell of each deleted object as if it had been deleted by itself."""
        try:
            left = await self.rest.request("GET", resource_path(kind.resource, namespace), query=selected)
        except (APIError, TransportError) as error:  # the deletion itself is done
            _log.warning("caches hear of the deleted %s from their watches only: %s", kind.resource, error)
            return
        for write in deletions(kind.resource, deleted, left.body):
            for observer in self.write_observers:
                observer(write)

    # -- subresources with a kind of their own, such as ``scale``, ``eviction`` and ``token``

    async def get_subresource(
        self, of: type[Object] | Target[Any], name: str, namespace: str | None, subresource: str, answer: type[T]
    ) -> T:
        """Read a subresource: ``client.get_subresource(Deployment, "web", "shop", "scale", Scale)``."""
        kind, key = await self._address(of, name, namespace)
        response = await self.rest.request("GET", resource_path(kind.resource, *key, subresource))
        return kind_of_class(answer).decode(response.body)

    async def create_subresource(
        self, of: type[Object] | Target[Any], name: str, namespace: str | None, subresource: str, obj: T
    ) -> T:
        """Post to a subresource, such as a ``TokenRequest`` or an ``Eviction``."""
        kind, key = await self._address(of, name, namespace)
        path = resource_path(kind.resource, *key, subresource)
        query = self._options(None, None, None)
        response = await self.rest.request("POST", path, query=query, body=to_json(obj))
        return (await self._kind_of(obj)).decode(response.body)

    async def update_subresource(
        self, of: type[Object] | Target[Any], name: str, namespace: str | None, subresource: str, obj: T
    ) -> T:
        """Replace a subresource, such as a ``Scale``."""
        kind, key = await self._address(of, name, namespace)
        path = resource_path(kind.resource, *key, subresource)
        response = await self.rest.request("PUT", path, query=self._options(None, None, None), body=to_json(obj))
        return (await self._kind_of(obj)).decode(response.body)

    async def patch_subresource(
        self,
        of: type[Object] | Target[Any],
        name: str,
        namespace: str | None,
        subresource: str,
        answer: type[T],
        *,
        merge: Mapping[str, Any] | None = None,
        json: Sequence[Mapping[str, Any]] | None = None,
        field_manager: str | None = None,
        dry_run: bool | None = None,
    ) -> T:
        """Change a subresource by one of two kinds of patch:
        ``client.patch_subresource(Deployment, "web", "shop", "scale", Scale, merge={"spec": {"replicas": 3}})``.
        """
        content_type, body = patch_body(merge, None, json)
        kind, key = await self._address(of, name, namespace)
        path = resource_path(kind.resource, *key, subresource)
        query = self._options(field_manager, None, dry_run)
        response = await self.rest.request("PATCH", path, query=query, body=body, content_type=content_type)
        return kind_of_class(answer).decode(response.body)

    # -- kinds, names and options

    async def kind(self, target: type[T] | Target[T]) -> Kind[T]:
        """Where a kind is served and how it is read.

        :raises NoMatch: the server doesn't serve it (only asked for kinds without a class).
        """
        return kind_of_class(target) if isinstance(target, type) else await target.resolve(self.mapper)

    async def _kind_of(self, obj: T) -> Kind[T]:
        if isinstance(obj, Unstructured):
            return cast("Kind[T]", await Untyped(obj.gvk).resolve(self.mapper))
        return kind_of_class(type(obj))

    async def _address(
        self, target: type[T] | Target[T] | T, name: str | None, namespace: str | None
    ) -> tuple[Kind[T], ObjectKey]:
        """The kind and name of one object, given by class and name or as an object."""
        if isinstance(target, Object | Unstructured):
            kind = await self._kind_of(target)
            return kind, self._key(kind, target.metadata.name, target.metadata.namespace)
        kind = await self.kind(target)
        return kind, self._key(kind, name, namespace)

    def _key(self, kind: Kind[Any], name: str | None, namespace: str | None) -> ObjectKey:
        if not name:
            raise ValueError(f"{kind.resource}: the object's name is missing")
        return ObjectKey(self._namespace(kind, namespace), name)

    def _scope(self, kind: Kind[Any], namespace: str | None) -> str:
        """The namespace that a list or watch is about; empty for all of them."""
        return "" if namespace is None and not self.confined else self._namespace(kind, namespace)

    def _namespace(self, kind: Kind[Any], namespace: str | None) -> str:
        if not kind.namespaced:
            return ""
        if self.confined and namespace and namespace != self.namespace:
            raise ValueError(f"this client is confined to namespace {self.namespace!r}; {namespace!r} was asked for")
        return namespace or self.namespace

    def _options(
        self, field_manager: str | None, field_validation: FieldValidation | None, dry_run: bool | None
    ) -> dict[str, object]:
        return {
            "fieldManager": field_manager or self._field_manager,
            "fieldValidation": field_validation or self._field_validation,
            **self._dry_run_option(dry_run),
        }

    def _dry_run_option(self, dry_run: bool | None) -> dict[str, object]:
        return {"dryRun": "All"} if (self._dry_run if dry_run is None else dry_run) else {}

    async def _send(
        self,
        verb: WriteVerb,
        kind: Kind[Any],
        key: ObjectKey,
        query: dict[str, object],
        body: bytes | None,
        *,
        content_type: str = JSON,
        subresource: str = "",
    ) -> bytes:
        """Send a write, and tell those who want to know of it."""
        if subresource in _OWN_KINDS:
            raise ValueError(f"{subresource} has a kind of its own: use client.patch_subresource(...) or its like")
        path = resource_path(kind.resource, *key, subresource)
        response = await self.rest.request(_METHODS[verb], path, query=query, body=body, content_type=content_type)
        if self.write_observers and "dryRun" not in query:
            write = Write(verb, kind.resource, key, response.body, subresource, response.status == 201)
            for observer in self.write_observers:
                observer(write)
        return response.body


async def _events(pieces: AsyncIterator[bytes], kind: Kind[T]) -> AsyncIterator[WatchEvent[T]]:
    async for batch in read_events(pieces):
        for event in batch:
            if event.type == "ERROR":
                raise event.error()
            yield WatchEvent(event, kind.decode)
