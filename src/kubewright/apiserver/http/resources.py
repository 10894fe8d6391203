"""The verbs of resources: requests about objects come in, they go to the `Store`, and answers come out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import chain, count

from kubewright.apiserver.auth import require
from kubewright.apiserver.http import patches
from kubewright.apiserver.http.messages import Request, Response, StreamResponse
from kubewright.apiserver.http.negotiation import JSON, PROTOBUF, YAML, negotiate
from kubewright.apiserver.http.representation import Representation, render
from kubewright.apiserver.http.watching import WatchStream
from kubewright.apiserver.registry.body import parse_object
from kubewright.apiserver.registry.deletion import current_timestamp
from kubewright.apiserver.registry.identity import named
from kubewright.apiserver.registry.listing import list_page
from kubewright.apiserver.registry.options import (
    ReadOptions,
    Write,
    delete_options,
    first,
    version_number,
    write_options,
)
from kubewright.apiserver.registry.store import Store
from kubewright.apiserver.registry.strategy import Object, Strategy
from kubewright.apiserver.request import RequestInfo, UserInfo
from kubewright.apiserver.table import include_object
from kubewright.objects.errors import Conflict, NotFound, UnsupportedMediaType

_BODY_TYPES = {"": JSON, JSON: JSON, YAML: YAML, PROTOBUF: PROTOBUF}


@dataclass(slots=True)
class Call:
    """One request about a resource: what is asked, by whom, and of which store."""

    request: Request
    info: RequestInfo
    user: UserInfo
    store: Store

    @property
    def user_agent(self) -> str:
        return self.request.headers.get("user-agent", "")

    def representation(self, *, is_list: bool = False, strategy: Strategy | None = None) -> Representation:
        """The form of the answer.

        :param strategy: of the objects that are shown, if they are not those of the resource.
        :raises NotAcceptable: none that the client accepts.
        """
        query = self.request.query
        streams = self.info.verb in ("list", "watch")
        form = negotiate(self.request.headers.get("accept", ""), custom=self.store.resource.custom, streams=streams)
        include = include_object(first(query, "includeObject")) if form.shape == "table" else "Metadata"
        pretty = self.request.pretty
        return Representation(self.store, form, is_list=is_list, include=include, pretty=pretty, strategy=strategy)

    def body_type(self) -> str:
        """:raises UnsupportedMediaType: the body is of a type that is not read."""
        try:
            return _BODY_TYPES[self.request.media_type]
        except KeyError:
            raise UnsupportedMediaType(
                "the body of the request was in an unknown format - accepted media types include: application/json, "
                "application/yaml, application/vnd.kubernetes.protobuf"
            ) from None

    def write(self, kind: str, *, apply: bool = False) -> Write:
        """The options of a create, update or patch; what it warns of reaches the client even if the request fails.

        :raises Invalid: an option has a value that it may not have.
        """
        write = write_options(kind, self.request.query, self.user, self.user_agent, apply=apply)
        write.warnings = self.request.warnings
        return write

    def respond(self, body: bytes, representation: Representation, *, status: int = 200) -> Response:
        return Response(body, status=status, media_type=representation.media_type)

    def respond_object(self, obj: Object, representation: Representation, *, status: int = 200) -> Response:
        """The answer with an object that is not stored, or not as it is shown."""
        return self.respond(representation.made(obj), representation, status=status)

    async def respond_written(
        self, obj: Object, write: Write, representation: Representation, *, status: int = 200
    ) -> Response:
        """The answer to a write."""
        if write.dry_run:
            return self.respond_object(obj, representation, status=status)
        return self.respond(await representation.written(obj), representation, status=status)


Handler = Callable[[Call], Awaitable[Response | StreamResponse]]


async def get(call: Call) -> Response:
    representation = call.representation()
    await call.store.cluster.caches.fresh(version_number(first(call.request.query, "resourceVersion")))
    cached = call.store.cached(call.info.namespace, call.info.name)
    return call.respond(await representation.stored(cached), representation)


async def list_(call: Call) -> Response:
    representation = call.representation(is_list=True)
    options = ReadOptions.parse(call.request.query)
    page = await list_page(call.store, _namespace(call), options)
    metadata: Object = {"resourceVersion": str(page.revision)}
    if page.continue_token or (call.store.resource.custom and representation.form.shape == "object"):
        metadata["continue"] = page.continue_token
    if page.remaining:
        metadata["remainingItemCount"] = page.remaining
    return call.respond(await representation.listed(page.items, metadata), representation)


async def watch(call: Call) -> StreamResponse:
    # A watch is of a collection, but its events carry single objects.
    representation = call.representation(is_list=False)
    # The old form of a watch may be of one object: /api/v1/watch/namespaces/N/pods/NAME
    name = call.info.name if call.request.scope["path"].rstrip("/").endswith(f"/{call.info.name}") else ""
    options = ReadOptions.parse(call.request.query, watch=True, name=name)
    stream = WatchStream(call.store, _namespace(call), options, representation)
    media_type = representation.media_type
    if media_type == PROTOBUF:
        media_type += ";stream=watch"
    return StreamResponse(stream, media_type=media_type, push_with=stream.push_with)


async def create(call: Call) -> Response:
    representation = call.representation()
    write = call.write("CreateOptions")
    body_type = call.body_type()
    obj = call.store.decode(await call.request.body(), body_type, write)
    created = await call.store.create(obj, call.info.namespace, write)
    return await call.respond_written(created, write, representation, status=201)


async def update(call: Call) -> Response:
    representation = call.representation()
    info, store = call.info, call.store
    write = call.write("UpdateOptions")
    body_type = call.body_type()
    body = await call.request.body()

    async def wanted(live: Object | None = None) -> Object:
        return named(store.decode(body, body_type, write), info.namespace, info.name)

    uid = (await wanted())["metadata"].get("uid", "")

    async def make() -> Object:
        obj = await wanted()
        require(store.cluster.authorizer, call.user, info._replace(verb="create"))
        obj["metadata"].pop("resourceVersion", None)
        return await store.create(obj, info.namespace, write)

    creates = store.resource.strategy.allow_create_on_update and not info.subresource
    updated, made = await store.update(
        info.namespace,
        info.name,
        wanted,
        write,
        uid=uid,
        subresource=info.subresource,
        create=make if creates else None,
    )
    return await call.respond_written(updated, write, representation, status=201 if made else 200)


async def patch(call: Call) -> Response:
    representation = call.representation()
    info, store = call.info, call.store
    if call.request.media_type == patches.APPLY:
        return await apply(call, representation)
    wanted = patches.Patch(call.request.media_type, await call.request.body(), store.resource)
    write = call.write("PatchOptions")

    async def patched(live: Object) -> Object:
        obj = store.codec.coerce_patched(wanted.apply(live), write, wanted.strict)
        store.resource.strategy.patched(obj)
        store.resource.strategy.default(obj)
        return named(obj, info.namespace, info.name)

    updated, _ = await store.update(info.namespace, info.name, patched, write, subresource=info.subresource)
    return await call.respond_written(updated, write, representation)


async def apply(call: Call, representation: Representation) -> Response:
    """Server-side apply: makes the object where it does not exist."""
    info, store = call.info, call.store
    write = call.write("PatchOptions", apply=True)
    body = await call.request.body()
    config, repeated = patches.applied_configuration(body)
    # The object is made of the configuration's own parts, so that a second attempt has to read it again.
    configs = chain([config], (patches.applied_configuration(body)[0] for _ in count()))
    force = bool(write.force)

    async def merged(live: Object | None) -> Object:
        config, now = next(configs), current_timestamp()
        obj = await store.owned(
            info.subresource,
            lambda fields: fields.apply(live, config, manager=write.field_manager, force=force, now=now),
        )
        patches.report_repeated(repeated, write)
        obj = store.codec.coerce(obj)
        store.resource.strategy.default(obj)
        return named(obj, info.namespace, info.name)

    async def make() -> Object:
        obj = await merged(None)
        if uid := obj["metadata"].get("uid"):
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise Conflict.of(store.resource.group_resource, info.name, why)
        require(store.cluster.authorizer, call.user, info._replace(verb="create"))
        obj["metadata"].pop("resourceVersion", None)
        return await store.create(obj, info.namespace, write, owned=True)

    updated, made = await store.update(
        info.namespace,
        info.name,
        merged,
        write,
        subresource=info.subresource,
        owned=True,
        create=None if info.subresource else make,
    )
    return await call.respond_written(updated, write, representation, status=201 if made else 200)


async def delete(call: Call) -> Response:
    representation = call.representation()
    info, store = call.info, call.store
    write = await _delete_write(call)
    obj, gone = await store.delete(info.namespace, info.name, write)
    if gone and not store.resource.strategy.return_deleted:
        group, plural = store.resource.group_resource
        details = {"name": info.name, "group": group, "kind": plural, "uid": obj["metadata"]["uid"]}
        status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        status["details"] = {key: text for key, text in details.items() if text}
        body = render(status, representation.media_type)
        return Response(body, media_type=representation.media_type)
    # Only those who ask for it in the oldest way are told that the object is not gone yet.
    waits = not gone and write.options.get("orphanDependents") is False
    return call.respond_object(obj, representation, status=202 if waits else 200)


async def delete_collection(call: Call) -> Response:
    representation = call.representation(is_list=True)
    store = call.store
    write = await _delete_write(call)
    options = ReadOptions.parse(call.request.query)
    page = await list_page(store, call.info.namespace, options)
    for item in page.items:
        try:
            await store.delete(item.namespace, item.name, write)
        except NotFound:
            continue  # Someone else was faster.
    metadata: Object = {} if write.dry_run else {"resourceVersion": str(store.cluster.caches.revision)}
    if store.resource.custom:
        metadata["continue"] = ""
    return call.respond(await representation.listed(page.items, metadata), representation)


async def _delete_write(call: Call) -> Write:
    body = await call.request.body()
    options = parse_object(body, call.body_type())[0] if body.strip() else None
    write = delete_options(call.request.query, options, call.user)
    write.warnings = call.request.warnings
    warning = call.store.resource.strategy.deletion_warning
    if warning and write.options.get("propagationPolicy") is None and write.options.get("orphanDependents") is None:
        write.warn(warning)
    return write


def _namespace(call: Call) -> str:
    return call.info.namespace if call.store.resource.namespaced else ""


VERBS: dict[str, Handler] = {
    "get": get,
    "list": list_,
    "watch": watch,
    "create": create,
    "update": update,
    "patch": patch,
    "delete": delete,
    "deletecollection": delete_collection,
}
