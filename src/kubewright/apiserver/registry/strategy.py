"""What is particular to one kind: its defaults, its rules, its columns.

The generic pipeline (`registry/store.py`) runs every create and update through a strategy's methods in a fixed order.
Objects are plain JSON (``dict``), already decoded against the schema; methods change them in place or return
what is wrong with them.  Custom resources have one strategy for all; a built-in kind without rules of its own uses
this base class as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

from kubewright.objects.errors import Cause

Object = dict[str, Any]


class DecodeError(ValueError):
    """An object does not have the types that its schema asks for; the text is worded as Go's JSON decoder words it."""


class Tolerated(Cause):
    """What is wrong with an object, but was so before the update: the client is warned of it, no more."""


class Reader(Protocol):
    """Other objects of the same logical cluster, as strategies and admission may need them; reads are consistent."""

    def get(self, group: str, resource: str, namespace: str, name: str) -> Object | None: ...

    def view(self, group: str, resource: str, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The same for those who only look: all who view an object share it, and nobody may change it."""

    def list(self, group: str, resource: str, namespace: str = "") -> Iterable[Object]: ...


class Column(NamedTuple):
    """A column of the Table that kubectl prints."""

    name: str
    type: str = "string"
    format: str = ""
    description: str = ""
    priority: int = 0


class Strategy:
    """Defaults and rules of one kind; every method may be left as it is here."""

    columns: ClassVar[Sequence[Column]] = (
        Column("Name", format="name"),
        Column("Created At", "date"),
    )
    generation: ClassVar[bool] = False
    """Whether ``metadata.generation`` counts the changes outside metadata and status, from 1 on."""

    def counts(self, obj: Object, old: Object) -> bool:
        """Whether a change adds one to the generation: any but of metadata, or of a status that is written apart."""
        apart = ("metadata", "apiVersion", "kind", "status" if self.status else "")
        return any(obj.get(name) != old.get(name) for name in obj.keys() | old.keys() if name not in apart)

    uncounted: ClassVar[frozenset[str]] = frozenset({"status"})
    """Subresources whose writes leave the generation alone."""

    status: ClassVar[bool] = False
    """Whether there is a status subresource: main writes leave ``status`` alone, status writes leave the rest alone."""

    allow_create_on_update: ClassVar[bool] = False
    """Whether a PUT of an absent object makes it (nodes, leases, ... : as each kind's strategy in Kubernetes)."""

    allow_unconditional_update: ClassVar[bool] = True
    """Whether an update may leave out the resource version."""

    graceful: ClassVar[bool] = False
    """Whether deletion waits for a grace period (Pods)."""

    return_deleted: ClassVar[bool] = False
    """Whether a deletion answers with the object as it last was, rather than with a success Status."""

    orphan_dependents: ClassVar[bool] = False
    """Whether a deletion without a propagation policy leaves the dependents (Jobs, ReplicationControllers)."""

    deletion_warning: ClassVar[str] = ""
    """What a client is told who deletes objects and does not say what is to become of their dependents."""

    def grace_period(self, obj: Object, requested: int | None) -> int:
        """Seconds that a deletion waits; asked only where ``graceful`` is set (0: the object goes at once)."""
        return requested or 0

    def decode(self, obj: Object, unknown: list[str]) -> Object:
        """The object as its Go type would hold it: values normalised, empty fields dropped, unknown ones left out.

        Runs first on whatever a client sent and on the outcome of a patch; paths of unknown fields are added to
        ``unknown``.

        :raises DecodeError: a value has the wrong type.
        """
        return obj

    def read(self, obj: Object) -> None:
        """Bring what is only looked at in a request's object into form; runs after ``decode``.

        :raises DecodeError: a value has the wrong type.
        """

    def default(self, obj: Object) -> None:
        """Fill what the versioned API's defaulting functions fill (``SetDefaults_*``)."""

    def patched(self, obj: Object) -> None:
        """Change what a patch made as going through Go's maps would: matters where the order of members counts."""

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        """Drop what a client may not set, allocate what the server sets; ``status`` is already emptied if separate."""

    def prepare_for_update(self, obj: Object, old: Object, reader: Reader) -> None: ...

    def prepare_for_status_update(self, obj: Object, old: Object, reader: Reader) -> None: ...

    def validate(self, obj: Object, reader: Reader) -> list[Cause]:
        return []

    def validate_update(self, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        """Rules for changes; called with the new object, after ``validate`` semantics that an update must keep."""
        return self.validate(obj, reader)

    def validate_status_update(self, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        return []

    def prepare_for_subresource_update(self, subresource: str, obj: Object, old: Object, reader: Reader) -> None:
        """What ``prepare_for_update`` is for writes to a subresource that holds the object, or shows its count."""
        if subresource == "status":
            self.prepare_for_status_update(obj, old, reader)
        elif subresource == "scale":
            self.prepare_for_update(obj, old, reader)

    def validate_subresource_update(self, subresource: str, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        match subresource:
            case "status":
                return self.validate_status_update(obj, old, reader)
            case "scale":  # The object has to be a valid one with its new count too.
                return self.validate_update(obj, old, reader)
        return []

    own_deletion: ClassVar[bool] = False
    """Whether a kind begins its deletions itself (``begin_deletion``), and words their preconditions its own way."""

    def begin_deletion(self, obj: Object, options: Object) -> bool:
        """Change an object that was asked to go, before its finalizers are looked at.

        :returns: whether that is all that is to be done for now, whatever the options say of dependents.
        """
        return False

    def held(self, obj: Object) -> bool:
        """Whether an object that is being deleted has to stay: someone has not yet finished with it."""
        return bool(obj["metadata"].get("finalizers"))

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        """Texts for the ``Warning`` header."""
        return []

    def fields(self, obj: Object) -> Mapping[str, str]:
        """What field selectors may name, beside ``metadata.name`` and ``metadata.namespace``."""
        return {}

    field_labels: ClassVar[frozenset[str]] = frozenset()
    """The keys that ``fields`` gives: another in a selector is a bad request."""

    def unknown_field_label(self, label: str) -> str:
        """The message of that bad request."""
        if self.field_labels:
            return f"field label not supported: {label}"
        return f'"{label}" is not a known field selector: only "metadata.name", "metadata.namespace"'

    def to_storage(self, obj: Object) -> Object:
        """The object as it is stored, where that is another version or group (``Resource.stored_as``)."""
        return obj

    def from_storage(self, obj: Object) -> Object:
        """The opposite of ``to_storage``; the stored object is left as it is."""
        return obj

    def row_conditions(self, obj: Object) -> list[Object]:
        """What a Table says of a whole row: that a pod has completed."""
        return []

    def cells(self, obj: Object) -> list[Any]:
        """One Table row; as many cells as there are ``columns``."""
        metadata = obj["metadata"]
        return [metadata.get("name", ""), metadata.get("creationTimestamp")]
