"""Who owns what: ``metadata.managedFields`` decoded into one record per manager, and encoded again.

Entries of a stored object come in, and go out sorted as kube-apiserver sorts them; the sets themselves are passed
through as they are (see `fieldset.py`).  Semantics: k8s.io/apimachinery, package util/managedfields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from kubewright.apiserver.apply import fieldset
from kubewright.apiserver.apply.fieldset import FieldSet

MAX_UPDATE_MANAGERS: Final = 10
_BUCKET: Final = "ancient-changes"


class Manager(NamedTuple):
    """The identity of an entry.

    An applier has one whatever version it applied last, so its ``api_version`` is empty; updates are told apart by it.
    """

    name: str
    operation: Literal["Apply", "Update"]
    api_version: str
    subresource: str

    @property
    def applies(self) -> bool:
        return self.operation == "Apply"

    def __str__(self) -> str:
        """As conflict messages name it."""
        text = f'"{self.name}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        return text if self.applies else f"{text} using {self.api_version}"


class Owned(NamedTuple):
    """What a manager owns, in the terms of ``api_version``; ``time`` is RFC 3339, None where nothing changed yet."""

    fields: FieldSet
    api_version: str
    time: str | None = None


Managers: TypeAlias = dict[Manager, Owned]


def decode(entries: Sequence[Mapping[str, Any]]) -> Managers:
    """Read ``managedFields``.

    :raises ValueError: an entry lacks what it must have.
    """
    managers: Managers = {}
    for position, entry in enumerate(entries):
        operation, api_version = entry.get("operation"), entry.get("apiVersion") or ""
        if operation != "Apply" and operation != "Update":
            raise ValueError("operation must be `Apply` or `Update`")
        if not api_version:
            raise ValueError("apiVersion must not be empty")
        if entry.get("fieldsType") != "FieldsV1":
            raise ValueError(f"invalid fieldsType in managed fields entry {position}")
        manager = Manager(
            entry.get("manager") or "",
            operation,
            "" if operation == "Apply" else api_version,
            entry.get("subresource") or "",
        )
        managers[manager] = Owned(entry.get("fieldsV1") or {}, api_version, entry.get("time"))
    return managers


def problem(entries: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong with ``managedFields``; nothing where they can be read."""
    try:
        decode_from_request(entries)
    except ValueError as error:
        return str(error)
    return ""


def decode_from_request(entries: Sequence[Mapping[str, Any]]) -> Managers:
    """Read ``managedFields`` that a client wrote: the sets are checked too.

    :raises ValueError: an entry is malformed.
    """
    managers = decode(entries)
    return {manager: owned._replace(fields=fieldset.parse(owned.fields)) for manager, owned in managers.items()}


def encode(managers: Managers) -> list[dict[str, Any]]:
    """The ``managedFields`` of these managers, in kube-apiserver's order."""
    return [_entry(manager, managers[manager]) for manager in sorted(managers, key=lambda m: _order(m, managers[m]))]


def _entry(manager: Manager, owned: Owned) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": owned.api_version,
    }
    if owned.time:
        entry["time"] = owned.time
    entry["fieldsType"] = "FieldsV1"
    entry["fieldsV1"] = owned.fields
    if manager.subresource:
        entry["subresource"] = manager.subresource
    return entry


def _order(manager: Manager, owned: Owned) -> tuple[str, ...]:
    return (manager.operation, owned.time or "", manager.name, owned.api_version, manager.subresource)


def is_reset(entries: object) -> bool:
    """Whether a request asks to forget all managers: the list is there but empty, or holds one empty entry."""
    return isinstance(entries, list) and (not entries or (len(entries) == 1 and not entries[0]))


def cap(managers: Managers) -> None:
    """Merge the oldest updaters of each version into one, until no more than `MAX_UPDATE_MANAGERS` are left."""
    updaters = [manager for manager in managers if not manager.applies]
    excess = len(updaters) - MAX_UPDATE_MANAGERS
    if excess <= 0:
        return
    updaters.sort(key=lambda manager: (managers[manager].time or "", manager))
    first_of_version: dict[str, Manager] = {}
    for manager in updaters:
        if excess <= 0:
            break
        owned = managers[manager]
        first = first_of_version.setdefault(owned.api_version, manager)
        if first is manager:
            continue
        bucket = Manager(_BUCKET, "Update", owned.api_version, "")
        if bucket not in managers:
            managers[bucket] = managers.pop(first)
        together = fieldset.ordered(fieldset.union(owned.fields, managers[bucket].fields))
        managers[bucket] = Owned(together, owned.api_version, owned.time)
        del managers[manager]
        excess -= 1


def keep_times(live: dict[str, Any], new: dict[str, Any]) -> None:
    """Give ``new`` the times of ``live`` where nothing but them differs, so that the write is none.

    An applier that applies the same again must not bump the resource version.
    """
    before = live["metadata"].get("managedFields") or []
    after = new["metadata"].get("managedFields") or []
    if len(before) != len(after) or before == after:
        return
    pairs = zip(before, after, strict=True)
    if any({**old, "time": None} != {**entry, "time": None} for old, entry in pairs):
        return
    if {**live, "metadata": {**live["metadata"], "managedFields": after}} == new:
        new["metadata"]["managedFields"] = before
