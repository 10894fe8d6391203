"""One resource version of one logical cluster: its objects are read, written and watched through here.

The write pipeline is `Store.create` and `Store.update`: decode -> default -> field ownership -> mutating admission ->
prepare -> validate -> validating admission -> encode -> commit; publishing is the store's watch feeding the caches.
What is particular to a kind comes from its `Strategy`.  Reads are answered from the watch cache with the stored bytes.
"""

from __future__ import annotations

import logging
import secrets
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import msgspec

from kubewright.apiserver.admission.attributes import Attributes, Operation
from kubewright.apiserver.apply import FieldManager, converted, keep_times, only_fields, problem, reset_fields
from kubewright.apiserver.registry import deletion, identity
from kubewright.apiserver.registry.codec import Codec
from kubewright.apiserver.registry.identity import copy_field
from kubewright.apiserver.registry.metadata_rules import (
    drop_repeated_owners,
    path_segment,
    validate_common_update,
    validate_metadata,
)
from kubewright.apiserver.registry.options import ReadOptions, Write
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.registry.strategy import Object, Strategy, Tolerated
from kubewright.apiserver.storage.protocol import Entry, KeyExists, RevisionMismatch
from kubewright.apiserver.watch_cache import CachedObject, Selection
from kubewright.objects.errors import (
    AlreadyExists,
    APIError,
    BadRequest,
    Cause,
    Forbidden,
    Invalid,
    NotFound,
    resource_details,
)

if TYPE_CHECKING:
    from kubewright.apiserver.registry.cluster import LogicalCluster

log = logging.getLogger("kubewright.apiserver")

T = TypeVar("T")

Change = Callable[[Object], Awaitable[Object]]
"""Makes the wanted object out of a copy of the live one; called again when the live one has changed meanwhile."""

Guard = Callable[[Object, Object], Awaitable[None]]
"""Looks at the new and the old object, the last before a change is stored, and raises what it has against it."""

MAX_VALUE = 3 * 512 * 1024
"""Bytes that an object may take in the store: what etcd takes, whatever the store is."""

_BAD_MANAGERS = (
    ".metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating "
    "admission controller; please fix your requests: {}"
)
_REPEATED_OWNERS = (
    ".metadata.ownerReferences contains duplicate entries{}; API server dedups owner references in 1.20+, and may "
    "reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}"
)

GENERATED = "bcdfghjklmnpqrstvwxz2456789"
"""Characters of generated names, without those that make words (``k8s.io/apimachinery/pkg/util/rand``)."""


class Store:
    """The objects of one resource version."""

    def __init__(self, resource: Resource, cluster: LogicalCluster) -> None:
        self.resource = resource
        self.cluster = cluster
        self.codec = Codec(resource)
        self.cache = cluster.caches.cache(cluster.root + resource.storage_prefix)
        self._field_managers: dict[str, FieldManager] = {}

    @cached_property
    def _strategy(self) -> Strategy:
        return self.resource.strategy

    def field_manager(self, subresource: str) -> FieldManager:
        """Who owns which field, for writes to the resource or to one of its subresources."""
        manager = self._field_managers.get(subresource)
        if manager is None:
            resource = self.resource
            group, plural = resource.group_resource
            reset = reset_fields(group, plural, subresource, has_status=self._strategy.status)
            manager = FieldManager(
                resource.node,
                resource.gvk,
                subresource=subresource,
                reset=reset,
                only=only_fields(group, plural, subresource),
                empty=None if resource.custom else self._strategy.decode({}, []),
                others=resource.versions or resource.views,
            )
            self._field_managers[subresource] = manager
        return manager

    async def owned(self, subresource: str, step: Callable[[FieldManager], T]) -> T:
        """Carry out a step of field ownership; it may be called several times, while objects are converted for it.

        :raises APIError: the conversion webhook failed.
        """
        manager, converter, versions = self.field_manager(subresource), self.resource.converter, self.resource.versions
        if converter is None or versions is None or converter.trivial:
            return step(manager)
        return await converted(manager, versions, converter, step)

    async def _record_update(self, live: Object | None, new: Object, write: Write, subresource: str = "") -> None:
        """Say who owns what after an update; an object whose managers cannot be told, is left without."""
        now = deletion.current_timestamp()
        try:
            await self.owned(
                subresource,
                lambda manager: manager.record_update(live, new, manager=write.field_manager, now=now),
            )
        except APIError as error:
            log.warning("%s %s: %s", self.resource.group_resource, new["metadata"].get("name", ""), error)
            new["metadata"].pop("managedFields", None)

    # Reading

    def cached(self, namespace: str, name: str) -> CachedObject:
        """:raises NotFound: there is no such object."""
        found = self.cache.get(namespace, name)
        if found is None:
            raise NotFound.of(self.resource.group_resource, name)
        return found

    async def get(self, namespace: str, name: str) -> Object:
        """A fresh copy of an object, in this version.

        :raises NotFound: there is no such object.
        """
        await self.cluster.caches.fresh()
        return await self.codec.decode_stored(self.cached(namespace, name))

    def selection(self, namespace: str, options: ReadOptions) -> Selection:
        """:raises BadRequest: the field selector names a field that cannot be selected by."""
        known = {"metadata.name", *self._strategy.field_labels}
        if self.resource.namespaced or not (self.resource.custom or self._strategy.field_labels):
            known.add("metadata.namespace")  # Of what lies in none, only kinds with no selectable fields of their own.
        for requirement in options.field_selector.requirements:
            if requirement.path not in known:
                raise BadRequest(self._strategy.unknown_field_label(requirement.path))
        return Selection(namespace, options.label_selector, options.field_selector, self.codec.read_fields)

    # Writing

    async def create(self, obj: Object, namespace: str, write: Write, *, owned: bool = False) -> Object:
        """Write a new object and return it as it is stored.

        :param owned: the object says already who owns its fields: it comes from an apply.
        :raises AlreadyExists: the name is taken.
        :raises Invalid: a rule of the kind is broken.
        """
        metadata = identity.place(obj, namespace)
        if self.resource.group_resource in self.cluster.terminating:
            raise self._terminating(metadata.get("name", ""))
        if metadata.get("resourceVersion"):
            raise APIError("resourceVersion should not be set on objects to be created")
        for server_set in (
            "uid",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
            "resourceVersion",
        ):
            metadata.pop(server_set, None)
        now = deletion.current_timestamp()
        if not owned:
            await self._record_update(None, obj, write)
        attributes = self.attributes("CREATE", obj, None, namespace, metadata.get("name", ""), write)
        obj = await self._mutate(attributes, write)
        metadata = identity.place(obj, namespace)  # Not even admission may put it elsewhere.
        for attempt in range(1, 9):
            generated = not metadata.get("name") and metadata.get("generateName")
            if generated:
                metadata["name"] = _generate_name(metadata["generateName"])
            try:
                return await self._create_named(obj, attributes, write, now)
            except AlreadyExists:
                if not generated or attempt == 8:
                    raise
                del metadata["name"]
        raise AssertionError("unreachable")

    async def _create_named(self, obj: Object, attributes: Attributes, write: Write, now: str) -> Object:
        strategy, metadata = self._strategy, obj["metadata"]
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = now
        if strategy.generation:
            metadata["generation"] = 1
        strategy.prepare_for_create(obj, self.cluster.reader)
        self._check(obj, strategy.validate(obj, self.cluster.reader))
        if not self.resource.custom:  # A custom resource's own rules are these.
            self._check(obj, validate_metadata(metadata, namespaced=self.resource.namespaced, name_rule=path_segment))
        attributes.name = metadata["name"]
        await self.cluster.admission.validate(attributes)
        for text in strategy.warnings(obj, None):
            write.warn(text)
        namespace = metadata.get("namespace", "")
        key = self._key(namespace, metadata["name"])
        if write.dry_run:
            if (existing := self.cache.get(namespace, metadata["name"])) is not None:
                raise self._taken(existing)
            return await self.codec.written(obj, await self.codec.encode_stored(obj))
        value = await self._storable(obj)
        try:
            revision = await self.cluster.storage.create(key, value)
        except KeyExists:
            raise self._taken(self.cache.get(namespace, metadata["name"]), metadata["name"]) from None
        metadata["resourceVersion"] = str(revision)
        return await self.codec.written(obj, value)

    async def update(
        self,
        namespace: str,
        name: str,
        change: Change,
        write: Write,
        *,
        uid: str = "",
        subresource: str = "",
        owned: bool = False,
        create: Callable[[], Awaitable[Object]] | None = None,
        guard: Guard | None = None,
    ) -> tuple[Object, bool]:
        """Change an object, again and again until no one else changes it at the same time.

        :param change: makes the wanted object; the version that it carries, if any, has to be the live one.
        :param uid: the very object that is meant, where the request names it; one that is gone is not it either.
        :param owned: what ``change`` gives says already who owns its fields: it comes from an apply.
        :param create: makes the object where it does not exist; without it that is an error.
        :param guard: takes the place of admission, where that is shown something else than the object.
        :returns: the object as it is stored, and whether it was created.
        :raises NotFound: there is no such object.
        :raises Conflict: the object was changed by someone else, or is not the one that is meant.
        :raises Invalid: a rule of the kind is broken.
        """
        while (
            True
        ):  # Whoever was faster has written, so writers always get on (GuaranteedUpdate of Kubernetes' storage).
            await self.cluster.caches.fresh()  # Each time: what stood in the way may have come through another server.
            live = self.cache.get(namespace, name)
            if uid:
                identity.require_same(self.resource, namespace, name, wanted=uid, found=live.uid if live else "")
            if live is None:
                if create is None:
                    raise NotFound.of(self.resource.group_resource, name)
                return await create(), True
            try:
                updated = await self._update_once(live, namespace, change, write, subresource, owned=owned, guard=guard)
                return updated, False
            except RevisionMismatch:
                continue

    async def _update_once(
        self,
        live: CachedObject,
        namespace: str,
        change: Change,
        write: Write,
        subresource: str,
        *,
        owned: bool,
        guard: Guard | None,
    ) -> Object:
        strategy, reader = self._strategy, self.cluster.reader
        old = await self.codec.decode_stored(live)
        obj = await change(msgspec.to_builtins(old))  # A copy, in two thirds of the time that to decode it again takes.
        identity.keep(obj, old)
        if not owned:
            await self._record_update(old, obj, write, subresource)
        attributes = self.attributes("UPDATE", obj, old, namespace, live.name, write, subresource)
        if guard is None:
            obj = await self._mutate(attributes, write)
        identity.check_version(self.resource, obj, old)
        if subresource:
            strategy.prepare_for_subresource_update(subresource, obj, old, reader)
        else:
            if strategy.status:
                copy_field(obj, old, "status")
            strategy.prepare_for_update(obj, old, reader)
        if strategy.generation and subresource not in strategy.uncounted and strategy.counts(obj, old):
            obj["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        causes = validate_common_update(obj, old, namespaced=self.resource.namespaced)
        if subresource:
            causes += strategy.validate_subresource_update(subresource, obj, old, reader)
        else:
            causes += strategy.validate_update(obj, old, reader)
        for cause in causes:
            if isinstance(cause, Tolerated):
                write.warn(f"{cause.field}: {cause.message}")
        self._check(obj, [cause for cause in causes if not isinstance(cause, Tolerated)])
        await (self.cluster.admission.validate(attributes) if guard is None else guard(obj, old))
        # Who writes a status has not written what is warned of.
        for text in strategy.warnings(obj, old) if subresource != "status" else ():
            write.warn(text)
        return await self._commit_update(live, obj, old, write)

    async def _commit_update(self, live: CachedObject, obj: Object, old: Object, write: Write) -> Object:
        if write.dry_run:
            return await self.codec.written(obj, await self.codec.encode_stored(obj))
        if deletion.finished(self._strategy, obj) and not deletion.finished(self._strategy, old):
            await self.cluster.storage.delete(live.entry)
            return obj
        keep_times(old, obj)
        value = await self._storable(obj)
        if value != live.value and not (obj == old and _same_value(value, live.value)):
            revision = await self.cluster.storage.update(live.entry, value)
            obj["metadata"]["resourceVersion"] = str(revision)
        return await self.codec.written(obj, value)

    async def delete(self, namespace: str, name: str, write: Write, *, admitted: bool = False) -> tuple[Object, bool]:
        """Delete an object, or ask for it where something still holds it.

        :param admitted: whether admission has agreed already, to what the deletion is a consequence of.
        :returns: the object as it last was, and whether it is gone.
        :raises NotFound: there is no such object.
        :raises Conflict: a precondition does not hold.
        """
        while True:
            await self.cluster.caches.fresh()
            live = self.cached(namespace, name)
            obj = await self.codec.decode_stored(live)
            deletion.check_preconditions(self.resource, obj, write.options)
            if not admitted:
                attributes = self.attributes("DELETE", None, obj, namespace, name, write)
                await self.cluster.admission.admit(attributes)
                await self.cluster.admission.validate(attributes)
                admitted = True
            outcome = deletion.begin(self._strategy, obj, write.options, datetime.now(UTC))
            try:
                return await self._carry_out(outcome, live, obj, dry_run=write.dry_run)
            except RevisionMismatch:
                continue

    async def _carry_out(
        self, outcome: deletion.Outcome, live: CachedObject, obj: Object, *, dry_run: bool
    ) -> tuple[Object, bool]:
        entry, storage = live.entry, self.cluster.storage
        if outcome in ("update", "update and remove") and not dry_run:
            value = await self.codec.encode_stored(obj)
            if value != live.value:
                entry = Entry(live.key, value, await storage.update(entry, value))
                obj["metadata"]["resourceVersion"] = str(entry.revision)
        if outcome in ("remove", "update and remove"):
            if not dry_run:
                obj["metadata"]["resourceVersion"] = str(await storage.delete(entry))
            return obj, True
        return obj, False

    async def _storable(self, obj: Object) -> bytes:
        """An object as it is stored: without the record of its managers, where that makes it too large.

        :raises APIError: it is too large all the same.
        """
        value = await self.codec.encode_stored(obj)
        if len(value) > MAX_VALUE and obj["metadata"].pop("managedFields", None):
            value = await self.codec.encode_stored(obj)
        if len(value) > MAX_VALUE:
            raise APIError("etcdserver: request is too large")
        return value

    # The steps of the pipeline

    def decode(self, body: bytes, media_type: str, write: Write) -> Object:
        """Read a request's object, with its defaults.

        :raises BadRequest: it is not one of this kind, or has unknown fields that the request forbids.
        """
        obj = self.codec.decode(body, media_type, write)
        self._strategy.default(obj)
        _keep_owners_apart(obj, write)
        return obj

    def attributes(
        self,
        operation: Operation,
        obj: Object | None,
        old: Object | None,
        namespace: str,
        name: str,
        write: Write,
        subresource: str = "",
    ) -> Attributes:
        """The write as admission sees it; a namespace is in itself."""
        if self.resource.group_resource == ("", "namespaces"):
            namespace = name
        return Attributes(
            operation, self.resource.gvk, self.resource.gvr, subresource, namespace, name, obj, old, write.user,
            _options(operation, write.options), write.dry_run, self.cluster.reader, self.cluster.name, write.warnings,
            write.audit_annotations,
        )  # fmt: skip

    async def _mutate(self, attributes: Attributes, write: Write) -> Object:
        """The object after mutating admission.

        Plug-ins of the server change the object in place and keep it as it should be; what webhooks and policies made
        of it is another object, to be read like a request's.
        """
        before = attributes.obj
        assert before is not None
        managers = before["metadata"].get("managedFields")
        await self.cluster.admission.admit(attributes)
        assert attributes.obj is not None
        if attributes.obj is not before:
            attributes.obj = self.codec.decode_mutated(attributes.obj)
            self._strategy.default(attributes.obj)
            _keep_managers_readable(attributes.obj["metadata"], managers, write)
        _keep_owners_apart(attributes.obj, write, " after mutating admission happens")
        return attributes.obj

    def _check(self, obj: Object, causes: Sequence[Cause]) -> None:
        if causes:
            raise Invalid.of(self.resource.stored_gvk.group_kind, obj["metadata"].get("name", ""), causes)

    def _terminating(self, name: str) -> Forbidden:
        target = self.resource.group_resource
        return Forbidden(
            f'{target} "{name}" is forbidden: create not allowed while custom resource definition is terminating',
            details=resource_details(target, name),
        )

    def _taken(self, existing: CachedObject | None, name: str = "") -> AlreadyExists:
        error = AlreadyExists.of(self.resource.group_resource, existing.name if existing else name)
        if existing is not None and msgspec.json.decode(existing.value)["metadata"].get("deletionTimestamp"):
            error.message = f"object is being deleted: {error.message}"
        return error

    def _key(self, namespace: str, name: str) -> str:
        prefix = self.cache.prefix
        return f"{prefix}{namespace}/{name}" if self.resource.namespaced else f"{prefix}{name}"


def _keep_owners_apart(obj: Object, write: Write, when: str = "") -> None:
    """Drop owner references that say the same, and warn of it: patches are only looked at after admission."""
    if repeated := drop_repeated_owners(obj.get("metadata") or {}):
        write.warn(_REPEATED_OWNERS.format(when, ", ".join(repeated)))


def _keep_managers_readable(metadata: Object, before: list[Object] | None, write: Write) -> None:
    """Take back what admission made of the managers of an object, where it is nonsense, and warn of it."""
    after = metadata.pop("managedFields", None)
    if after and after != before and (why := problem(after)):
        after = before
        write.warn(_BAD_MANAGERS.format(why))
    if after:
        metadata["managedFields"] = after


def _same_value(new: bytes, old: bytes) -> bool:
    """Whether two stored values say the same; members may stand in another order."""
    return new == old or (len(new) == len(old) and bool(msgspec.json.decode(new) == msgspec.json.decode(old)))


def _options(operation: Operation, options: Object) -> Object:
    """The options as admission sees them: a patch is an update, or a creation, by then."""
    if options.get("kind") != "PatchOptions":
        return options
    kept = {name: value for name, value in options.items() if name != "force"}
    return {**kept, "kind": f"{operation.capitalize()}Options"}


def _generate_name(prefix: str) -> str:
    """Five random characters after the prefix, which is cut to what a name may be long."""
    return prefix[:58] + "".join(secrets.choice(GENERATED) for _ in range(5))
