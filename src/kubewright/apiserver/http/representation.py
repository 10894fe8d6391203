"""Objects in the form that a client asked for: stored bytes come in, the bytes of an answer or of a watch event go out.

Whole objects in JSON are never decoded.  A watch event is encoded once for all watchers that asked for the same form.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import msgspec

from kubewright.apiserver import protobuf
from kubewright.apiserver.http.negotiation import JSON, PROTOBUF, YAML, Form
from kubewright.apiserver.registry.store import Store
from kubewright.apiserver.registry.strategy import Object, Strategy
from kubewright.apiserver.table import IncludeObject, partial_metadata, table
from kubewright.apiserver.watch_cache import CachedObject, Event
from kubewright.objects.errors import NotAcceptable

_encode = msgspec.json.encode


class Representation:
    """Renders the objects of one resource version in one form.

    :param strategy: gives Tables their columns and cells; that of the resource, unless something else is shown.
    :raises NotAcceptable: the form is one of a single object and the answer is a list, or the other way round.
    """

    def __init__(
        self,
        store: Store,
        form: Form,
        *,
        is_list: bool,
        include: IncludeObject = "Metadata",
        pretty: bool = False,
        strategy: Strategy | None = None,
    ) -> None:
        self.form = form
        self._store = store
        self._include = include
        self._pretty = pretty
        self._strategy = strategy or store.resource.strategy
        self._first_event = True
        self._plain = form.shape == "object" and form.media_type == JSON and not pretty
        if form.is_list is not None and form.is_list != is_list:
            raise NotAcceptable(_wrong_number(store, is_list=is_list))

    @property
    def media_type(self) -> str:
        return self.form.media_type

    @cached_property
    def _shape(self) -> str:
        """What the same events look the same in."""
        form = self.form
        return f"{self._store.resource.gvk.api_version}/{form.shape}/{form.version}/{form.media_type}"

    async def stored(self, cached: CachedObject) -> bytes:
        """One object as it is stored."""
        if self._plain:
            return await self._store.codec.present(cached)
        return self.made(await self._store.codec.decode_stored(cached))

    def made(self, obj: Object) -> bytes:
        """One object as it is at hand."""
        return self._finish(self._shaped(obj))

    async def written(self, obj: Object) -> bytes:
        """One object that a write has stored: its bytes need not be made again."""
        metadata = obj["metadata"]
        store = self._store
        cached = store.cache.get(metadata.get("namespace", ""), metadata["name"]) if self._plain else None
        if (
            cached is None
            or str(cached.revision) != metadata.get("resourceVersion")
            or not store.codec.presentable(cached)
        ):
            return self.made(obj)  # It is gone, somebody has written it again, or it is stored in another form.
        return await store.codec.present(cached)

    async def listed(self, items: Sequence[CachedObject], list_metadata: Object) -> bytes:
        """A list of objects."""
        store, resource = self._store, self._store.resource
        if self.form.shape == "object":
            codec = store.codec
            head = {"kind": resource.list_kind, "apiVersion": resource.gvk.api_version, "metadata": list_metadata}
            pieces = [await codec.list_item(item) for item in items] or [b""]
            pieces[0] = b'%b,"items":[%b' % (_encode(head)[:-1], pieces[0])  # A long list is copied once, not twice.
            pieces[-1] += b"]}"
            body = b",".join(pieces)
            return body if self._plain else self._finish(msgspec.json.decode(body))
        objects = [await store.codec.decode_stored(item) for item in items]
        if self.form.shape == "table":
            return self._finish(self._table(objects, list_metadata))
        version = self.form.version
        return self._finish(
            {
                "kind": "PartialObjectMetadataList",
                "apiVersion": f"meta.k8s.io/{version}",
                "metadata": list_metadata,
                "items": [partial_metadata(obj, version) for obj in objects],
            }
        )

    async def event(self, kind: str, cached: CachedObject, event: Event | None) -> bytes:
        """One line of a watch."""
        if (line := self.event_at_hand(kind, cached, event)) is not None:
            return line
        if self._plain:
            line = _event_line(kind, await self._store.codec.present(cached))
        else:
            obj = await self._store.codec.decode_stored(cached)
            line = self._frame(kind, self._shaped(obj))
        return self._share(kind, event, line)

    def event_at_hand(self, kind: str, cached: CachedObject, event: Event | None) -> bytes | None:
        """The line, where nothing has to be decoded for it."""
        if event is not None and (line := event.lines.get((kind, self._shape))) is not None:
            return line
        if self._plain and self._store.codec.presentable(cached):
            return self._share(kind, event, _event_line(kind, self._store.codec.spliced(cached)))
        return None

    def _share(self, kind: str, event: Event | None, line: bytes) -> bytes:
        """Keep a line for all watchers that asked for the same form."""
        if event is not None and self.form.shape != "table":  # The first event of a Table watch has the columns.
            event.lines[kind, self._shape] = line
        return line

    def bookmark(self, revision: int, *, initial_end: bool = False) -> bytes:
        """A line that only tells the version, in an object that is empty otherwise."""
        metadata: Object = {"resourceVersion": str(revision)}
        if initial_end:
            metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
        resource = self._store.resource
        obj: Object = {"kind": resource.gvk.kind, "apiVersion": resource.gvk.api_version, "metadata": metadata}
        return self._frame("BOOKMARK", self._shaped(obj if resource.custom else resource.strategy.decode(obj, [])))

    def error(self, status: Object) -> bytes:
        """The last line of a watch that failed."""
        return self._frame("ERROR", status)

    def _shaped(self, obj: Object) -> Object:
        match self.form.shape:
            case "metadata":
                return partial_metadata(obj, self.form.version)
            case "table":
                known = obj["metadata"].get("resourceVersion")  # the object of a dry run has none
                first, self._first_event = self._first_event, False
                return self._table([obj], {"resourceVersion": known} if known else {}, with_columns=first)
        return obj

    def _table(self, objects: Sequence[Object], metadata: Object, *, with_columns: bool = True) -> Object:
        version = self.form.version
        return table(
            self._strategy, objects, metadata, include=self._include, with_columns=with_columns, version=version
        )

    def _finish(self, value: Any) -> bytes:
        return render(value, self.form.media_type, pretty=self._pretty)

    def _frame(self, kind: str, obj: Object) -> bytes:
        if self.form.media_type == PROTOBUF:
            return protobuf.encode_watch_event(kind, protobuf.encode(obj))
        value = {"type": kind, "object": obj}
        if self.form.media_type == YAML:
            return b"---\n" + render(value, YAML)
        return _encode(value) + b"\n"


def _event_line(kind: str, obj: bytes) -> bytes:
    return b'{"type":"%b","object":%b}\n' % (kind.encode(), obj)


def render(value: Any, media_type: str, *, pretty: bool = False) -> bytes:
    """A JSON value as the bytes of an answer."""
    if media_type == PROTOBUF:
        return protobuf.encode(value)
    if media_type == YAML:
        from kubewright.apiserver.registry import yaml_documents  # here: most clients only ever ask for JSON

        return yaml_documents.render(value)
    body = _encode(value)
    return msgspec.json.format(body, indent=2) + b"\n" if pretty else body


def _wrong_number(store: Store, *, is_list: bool) -> str:
    """The text for a list where one object was asked for, with the Go type that Kubernetes names."""
    gvk = store.resource.gvk
    package = "unstructured" if store.resource.custom else gvk.group.partition(".")[0] or "core"
    if is_list:
        go_type = "UnstructuredList" if store.resource.custom else f"{gvk.kind}List"
        return f"you requested PartialObjectMetadata, but the requested object is a list (*{package}.{go_type})"
    go_type = "Unstructured" if store.resource.custom else gvk.kind
    return f"you requested PartialObjectMetadataList, but the requested object is not a list (*{package}.{go_type})"
