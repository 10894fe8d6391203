"""Server-side apply and field ownership of one resource: a live object and a configuration or an update go in, the
object to store comes out, its ``metadata.managedFields`` saying who owns what.

Where the write pipeline calls it (as kube-apiserver does; everything it does is on objects of the request's version):

* create, update and the other patches: after decoding and defaulting, *before* mutating admission, `record_update`
  with the live object (None on create) and the new one.  What admission changes afterwards is owned by no one.
* apply: `apply` with the live object (None where there is none: then it is a create) in place of a patch engine; then
  decoding (a Go type drops what became empty), defaulting, mutating admission, and so on as for any update, but no
  `record_update`.
* all: `managers.keep_times(live, new)` last, just before the pipeline asks whether anything changed.

One instance serves one version of a resource, or one of its subresources; it keeps no state between calls.
Semantics: sigs.k8s.io/structured-merge-diff (merge.Updater) and k8s.io/apimachinery (util/managedfields).
"""

from __future__ import annotations

import copy
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from kubewright.apiserver.apply import fieldset, managers, walk
from kubewright.apiserver.apply.fieldset import FieldSet
from kubewright.apiserver.apply.managers import Manager, Managers, Owned
from kubewright.apiserver.apply.types import Type, type_of
from kubewright.apiserver.apply.walk import Comparison, TypeMismatch
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import APIError, BadRequest, Cause, Conflict
from kubewright.objects.names import GroupVersion, GroupVersionKind
from kubewright.schema.node import Node

_BEFORE_FIRST_APPLY: Final = "before-first-apply"
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_KUBECTL: Final = "kubectl"

_UNOWNED: Final = frozenset({"f:apiVersion", "f:kind"})
_UNOWNED_METADATA: Final = frozenset({
    "f:name", "f:namespace", "f:creationTimestamp", "f:selfLink", "f:uid", "f:clusterName", "f:generation",
    "f:managedFields", "f:resourceVersion",
})  # fmt: skip


class OtherVersions(Protocol):
    """The further versions of a resource, for managers that own fields in their terms."""

    def node(self, api_version: str) -> Node | None:
        """The schema of a version; None where it is no longer served."""

    def convert(self, obj: Object, api_version: str) -> Object: ...


class FieldManager:
    """Applies configurations to, and records updates of, one version of a resource (or of one of its subresources).

    :param node: the schema of the version.
    :param subresource: ``status``, ``scale``, ... or nothing for the resource itself.
    :param reset: fields that writes through this endpoint cannot change (`reset_fields`): they are never owned by them.
    :param only: the pattern of the only ones that they can change (`only_fields`); empty for any.
    :param empty: what a creation is compared with: for a built-in kind its zero value, as Go prints it (structs that
        are always there are owned by no one), nothing for a custom resource.
    :param others: the resource's further versions, where it has any.
    """

    def __init__(
        self,
        node: Node,
        gvk: GroupVersionKind,
        *,
        subresource: str = "",
        reset: FieldSet | None = None,
        only: FieldSet | None = None,
        empty: Object | None = None,
        others: OtherVersions | None = None,
    ) -> None:
        self._type = type_of(node)
        self._gvk = gvk
        self._api_version = gvk.api_version
        self._subresource = subresource
        self._reset = reset or {}
        self._only = only or {}
        # Whole fields of the object are left out before it is compared, what lies deeper is taken from the outcome.
        self._put_back = {element[2:] for element, below in self._reset.items() if fieldset.is_member(below)}
        self._reset_below = {element: below for element, below in self._reset.items() if not fieldset.is_member(below)}
        self._others = others
        self._empty: Object = {**(empty or {}), "apiVersion": gvk.api_version, "kind": gvk.kind}

    def seeing(self, others: OtherVersions) -> FieldManager:
        """The same manager with another look at the further versions."""
        manager = copy.copy(self)
        manager._others = others
        return manager

    # --- the two operations -----------------------------------------------------------------------------------------

    def record_update(self, live: Object | None, new: Object, *, manager: str, now: str) -> None:
        """Set ``new``'s managed fields after anything but an apply: ``manager`` owns what it added and modified.

        :param live: the stored object; None when ``new`` is being created.
        :param now: the time of the write, RFC 3339 in UTC with seconds.
        """
        known = self._managers_after(live, new)
        if known or live is None:  # Where tracking was reset, or never began, only an apply begins it again.
            try:
                self._take_over(live, new, known, self._updater(manager), now)
            except TypeMismatch:
                # A list whose items cannot be told apart cannot be tracked; if it is wrong, validation will say so.
                known = self._managers_after(live, new)
            managers.cap(known)
        if known:
            new["metadata"]["managedFields"] = managers.encode(known)
        else:
            new["metadata"].pop("managedFields", None)

    def apply(self, live: Object | None, config: Object, *, manager: str, force: bool, now: str) -> Object:
        """Merge a configuration into the live object, as ``manager``; what it applied before but no longer does goes.

        The result is made of the arguments' parts: whoever changes it gives them up.  Where the apply changes nothing
        at all it is ``live`` itself.

        :param live: the stored object; None makes one.
        :param force: take fields that others own with other values, instead of failing.
        :raises Conflict: other managers own such fields.
        :raises BadRequest: the configuration is of another kind or version, or brings managed fields.
        :raises APIError: it does not fit the schema (500, as kube-apiserver has it).
        """
        self._check(config)
        if config.get("metadata") is None:
            config = {**config, "metadata": {}}
        try:
            owned = self._changeable(walk.fields_of(self._type, config))
        except TypeMismatch as mismatch:
            raise APIError(
                f"failed to create typed patch object ({_describe(config, self._gvk)}): {mismatch}"
            ) from None
        me = Manager(manager, "Apply", "", self._subresource)
        fields = _without_unowned(owned)
        if live is None:
            known = {me: Owned(fields, self._api_version, now)} if fields else {}
            return _with_managers(config, known)
        try:
            return self._apply_to(live, config, me, owned, Owned(fields, self._api_version), force=force, now=now)
        except TypeMismatch as mismatch:
            raise APIError(f"failed to merge config: {mismatch}") from None

    # --- apply ------------------------------------------------------------------------------------------------------

    def _apply_to(
        self, live: Object, config: Object, me: Manager, owned: FieldSet, mine: Owned, *, force: bool, now: str
    ) -> Object:
        known, base = self._managers_before_apply(live, now)
        try:
            merged = self._merge(base, config, me, owned, mine, known, force=force)
        except _Conflicts as conflicts:
            if me.name != _KUBECTL:
                raise conflicts.error() from None
            conflicts.forgive(self._last_applied_fields(base))
            merged = self._merge(base, config, me, owned, mine, known, force=True)
        return self._applied(live, base, merged, config, me, mine, known, now)

    def _check(self, config: Object) -> None:
        api_version, kind = config.get("apiVersion") or "", config.get("kind") or ""
        if not isinstance(api_version, str) or not isinstance(kind, str):
            raise BadRequest("apiVersion and kind have to be strings")
        found = GroupVersionKind(*GroupVersion.parse(api_version), kind)
        if found != self._gvk:
            raise BadRequest(f"invalid object type: {found.group}/{found.version}, Kind={kind}")
        metadata = config.get("metadata")
        if isinstance(metadata, dict) and metadata.get("managedFields") is not None:
            raise BadRequest("metadata.managedFields must be nil")

    def _managers_before_apply(self, live: Object, now: str) -> tuple[Managers, Object]:
        """The managers of the live object, and the object without their record."""
        entries = live["metadata"].get("managedFields") or ()
        base = _without_managers(live)
        try:
            known = managers.decode(entries)
        except ValueError as error:
            raise APIError(f"failed to decode managed fields: {error}") from None
        if not known:
            self._take_over(None, base, known, self._updater(_BEFORE_FIRST_APPLY), now)
        self._reconcile(known)
        return known, base

    def _merge(
        self, base: Object, config: Object, me: Manager, owned: FieldSet, mine: Owned, known: Managers, *, force: bool
    ) -> Object:
        """The merged object; ``known`` loses what is taken from others.

        :raises _Conflicts: without ``force``, when something would be; ``known`` is unchanged then.
        """
        merged = walk.merge(self._type, base, config)
        last = known.get(me)
        if last is not None and not (last.api_version == mine.api_version and last.fields == mine.fields):
            others = [have for manager, have in known.items() if manager != me]
            merged = self._prune(merged, last, [*others, Owned(owned, self._api_version)])
        self._settle(base, merged, known, me, force=force)
        return merged  # type: ignore[no-any-return]

    def _applied(
        self,
        live: Object,
        base: Object,
        merged: Object,
        config: Object,
        me: Manager,
        mine: Owned,
        known: Managers,
        now: str,
    ) -> Object:
        last = known.pop(me, None)
        changed = merged is not base and not walk.equal(merged, base)
        if mine.fields:
            known[me] = Owned(mine.fields, self._api_version, now if changed else last and last.time)
        if me.name == _KUBECTL and _LAST_APPLIED in (merged["metadata"].get("annotations") or {}):
            merged = _with_last_applied(merged, config)
            changed = not walk.equal(merged, base)
        if not changed and managers.encode(known) == (live["metadata"].get("managedFields") or []):
            return live
        return _with_managers(merged, known)

    def _prune(self, merged: Any, last: Owned, owners: list[Owned]) -> Any:
        """Remove what the manager applied last time, unless it or anyone else owns it (now)."""
        version = last.api_version
        view = self._view(version)
        if view is None:
            return merged
        same_version = [have.fields for have in owners if have.api_version == version]
        claimed: FieldSet = {}
        for fields in same_version:
            claimed = fieldset.union(claimed, fields)
        if last.fields == claimed or fieldset.is_subset(last.fields, claimed):
            return merged
        type_, converted = view.type, view.to(merged)
        gone = walk.with_named_parents(type_, last.fields)
        pruned = walk.remove(type_, converted, gone)
        by_version = {version: claimed}
        for have in owners:
            if have.api_version != version:
                by_version[have.api_version] = fieldset.union(by_version.get(have.api_version, {}), have.fields)
        for other, fields in by_version.items():
            other_view = self._view(other)
            if other_view is None:
                continue
            whole, rest = other_view.to(converted), other_view.to(pruned)
            restored = self._add_back(other_view.type, whole, rest, fields)
            pruned = restored if other == version else view.to(restored)
        present = walk.with_named_parents(type_, walk.present_fields(type_, converted))
        kept = walk.with_named_parents(type_, walk.present_fields(type_, pruned))
        dangling = fieldset.intersection(fieldset.difference(present, kept), gone)
        own = self._view(self._api_version)
        result = walk.remove(type_, converted, dangling)
        return result if own is None or version == self._api_version else own.to(result)

    @staticmethod
    def _add_back(type_: Type, whole: Any, pruned: Any, claimed: FieldSet) -> Any:
        """Of what pruning removed, remove only what nobody owns."""
        present = walk.with_named_parents(type_, walk.present_fields(type_, whole))
        kept = walk.with_named_parents(type_, walk.present_fields(type_, pruned))
        claimed = walk.with_named_parents(type_, claimed)
        return walk.remove(type_, whole, fieldset.difference(present, fieldset.union(kept, claimed)))

    def _last_applied_fields(self, base: Object) -> FieldSet:
        """What ``kubectl apply`` set from the client's side and still stands: kubectl may take it over on its own."""
        text = (base["metadata"].get("annotations") or {}).get(_LAST_APPLIED)
        try:
            last = msgspec.json.decode(text or "null")
            if not isinstance(last, dict) or last.get("apiVersion") != self._api_version:
                return {}
            fields = walk.fields_of(self._type, last)
        except (msgspec.DecodeError, TypeMismatch):
            return {}
        for part in walk.compare(self._type, last, base):
            fields = fieldset.difference(fields, part)
        return fields

    # --- update -----------------------------------------------------------------------------------------------------

    def _managers_after(self, live: Object | None, new: Object) -> Managers:
        """The managers that an update starts from: those it brings, or else those of the live object."""
        stored = (live["metadata"].get("managedFields") or ()) if live is not None else ()
        brought = new["metadata"].get("managedFields")
        if not self._subresource and brought is not None and brought != stored:
            if managers.is_reset(brought):
                return {}
            try:
                known = managers.decode_from_request(brought)
            except ValueError:
                known = {}
            if known:
                return known
        try:
            return managers.decode(stored)
        except ValueError:
            return {}

    def _updater(self, name: str) -> Manager:
        return Manager(name, "Update", self._api_version, self._subresource)

    def _take_over(self, live: Object | None, new: Object, known: Managers, me: Manager, now: str) -> None:
        """Give ``me`` what differs between the two objects, and take it from all others."""
        old = self._empty if live is None else _without_managers(live)
        self._reconcile(known)
        comparison = self._settle(old, _without_managers(new), known, None, force=True)
        taken = _without_unowned(_together(comparison.modified, comparison.added))
        if not taken:
            return
        before = known.get(me)
        if before is not None:
            taken = _together(taken, before.fields)
        known[me] = Owned(taken, self._api_version, now)

    # --- both -------------------------------------------------------------------------------------------------------

    def _reconcile(self, known: Managers) -> None:
        """Bring what the managers own into line with schemas that changed since they wrote."""
        for manager, have in known.items():
            view = self._view(have.api_version)
            if view is None:
                continue
            fields = walk.reconcile(view.type, have.fields)
            if fields is not have.fields:
                known[manager] = have._replace(fields=fields)

    def _settle(self, old: Any, new: Any, known: Managers, me: Manager | None, *, force: bool) -> Comparison:
        """Compare the objects and take what changed, or went, from all managers but ``me``.

        :raises _Conflicts: something that others own changed, and ``force`` is not set.
        """
        comparison = self._compare(self._type, old, new)
        by_version = {self._api_version: comparison}
        conflicts: dict[Manager, FieldSet] = {}
        remaining: Managers = {}
        forgotten: list[Manager] = []
        for manager, have in known.items():
            if manager == me:
                continue
            version = have.api_version
            if version not in by_version:
                view = self._view(version)
                if view is None:
                    forgotten.append(manager)
                    continue
                by_version[version] = self._compare(view.type, view.to(old), view.to(new))
            added, modified, removed = by_version[version]
            fields = have.fields
            taken = fieldset.union(fieldset.intersection(fields, modified), fieldset.intersection(fields, added))
            if taken:
                conflicts[manager] = taken
                fields = fieldset.difference(fields, taken)
            if removed:
                fields = fieldset.difference(fields, removed)
            if fields is not have.fields:
                remaining[manager] = have._replace(fields=fields)
        if conflicts and not force:
            raise _Conflicts(conflicts)
        for manager in forgotten:
            del known[manager]
        for manager, have in remaining.items():
            if have.fields:
                known[manager] = have
            else:
                del known[manager]
        return comparison

    def _compare(self, type_: Type, old: Object, new: Object) -> Comparison:
        """What a write through this endpoint can have changed."""
        comparison = walk.compare(type_, self._without_put_back(old), self._without_put_back(new))
        if not self._reset_below and not self._only:
            return comparison
        changed = (fieldset.recursive_difference(part, self._reset_below) for part in comparison)
        return Comparison(*(fieldset.matching(part, self._only) for part in changed))

    def _without_put_back(self, obj: Object) -> Object:
        if self._put_back.isdisjoint(obj):
            return obj
        return {name: value for name, value in obj.items() if name not in self._put_back}

    def _changeable(self, fields: FieldSet) -> FieldSet:
        """Those fields that a write through this endpoint can change."""
        return fieldset.matching(fieldset.recursive_difference(fields, self._reset), self._only)

    def _view(self, api_version: str) -> _View | None:
        """How objects look in a version; None where that version is gone."""
        if api_version == self._api_version:
            return _View(self._type, api_version, self._others)
        node = self._others.node(api_version) if self._others is not None else None
        return None if node is None else _View(type_of(node), api_version, self._others)


class _View(NamedTuple):
    """One version of a resource."""

    type: Type
    api_version: str
    others: OtherVersions | None

    def to(self, obj: Any) -> Any:
        """The object in this version."""
        if self.others is None or obj.get("apiVersion") == self.api_version:
            return obj
        return self.others.convert(obj, self.api_version)


class _Conflicts(Exception):
    """Fields that an apply would change though others own them."""

    def __init__(self, found: dict[Manager, FieldSet]) -> None:
        super().__init__()
        self.found = found

    def forgive(self, fields: FieldSet) -> None:
        """Raise what is left of the conflicts when these fields do not count.

        :raises Conflict: something is left.
        """
        rest = {manager: left for manager, taken in self.found.items() if (left := fieldset.difference(taken, fields))}
        if rest:
            raise _Conflicts(rest).error() from None

    def error(self) -> Conflict:
        """The answer, worded as kube-apiserver does."""
        by_manager = {
            str(manager): [fieldset.path_text(path) for path in fieldset.paths(taken)]
            for manager, taken in sorted(self.found.items())
        }
        causes = [
            Cause("FieldManagerConflict", f"conflict with {manager}", path)
            for manager, paths in by_manager.items()
            for path in paths
        ]
        if len(causes) == 1:
            text = f"1 conflict: {causes[0].message}: {causes[0].field}"
        else:
            lines = [
                line
                for manager, paths in by_manager.items()
                for line in (f"conflicts with {manager}:", *(f"- {path}" for path in paths))
            ]
            text = f"{len(causes)} conflicts: " + "\n".join(lines)
        return Conflict(f"Apply failed with {text}", details={"causes": [cause.to_json() for cause in causes]})


def _together(left: FieldSet, right: FieldSet) -> FieldSet:
    """Two sets as one, in the order in which they are written out, as each of them is already."""
    return fieldset.ordered(fieldset.union(left, right)) if left and right else left or right


def _without_unowned(fields: FieldSet) -> FieldSet:
    """Leave out the metadata that the server sets and the fields that name the type."""
    result = {element: below for element, below in fields.items() if element not in _UNOWNED}
    metadata = result.get("f:metadata")
    if metadata is not None:
        kept = {
            element: below
            for element, below in metadata.items()
            if element != fieldset.MEMBER and (below or element not in _UNOWNED_METADATA)
        }
        if kept:
            result["f:metadata"] = kept
        else:
            del result["f:metadata"]
    return result


def _without_managers(obj: Object) -> Object:
    """The object without the record of its managers; shares all else with it."""
    metadata = dict(obj["metadata"])
    metadata.pop("managedFields", None)
    return {**obj, "metadata": metadata}


def _with_managers(obj: Object, known: Managers) -> Object:
    """The object with a record of these managers; shares all else with it."""
    metadata = dict(obj["metadata"])
    if known:
        metadata["managedFields"] = managers.encode(known)
    return {**obj, "metadata": metadata}


def _with_last_applied(merged: Object, config: Object) -> Object:
    """Keep the annotation of client-side apply in step while kubectl applies from the server's side."""
    annotations = {k: v for k, v in (config["metadata"].get("annotations") or {}).items() if k != _LAST_APPLIED}
    metadata = {k: v for k, v in config["metadata"].items() if k != "annotations"}
    if annotations:
        metadata["annotations"] = annotations
    text = msgspec.json.encode({**config, "metadata": metadata}, order="sorted").decode() + "\n"
    metadata = merged["metadata"]
    return {**merged, "metadata": {**metadata, "annotations": {**metadata["annotations"], _LAST_APPLIED: text}}}


def _describe(obj: Object, gvk: GroupVersionKind) -> str:
    metadata = obj["metadata"] if isinstance(obj["metadata"], dict) else {}
    place = f"{metadata.get('namespace') or ''}/{metadata.get('name') or ''}"
    return f"{place}; {gvk.group}/{gvk.version}, Kind={gvk.kind}"
