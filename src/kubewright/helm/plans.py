"""What bringing a release up to date would do, told without doing it: for people, in the status of a resource."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kubewright.client import NoMatch
from kubewright.helm.manifests import Raw, is_kept, name_of
from kubewright.helm.objects import ReleaseObjects
from kubewright.helm.status import PlannedChange
from kubewright.objects.errors import NotFound

_FIELDS = 20
"""How many changed fields are named; a plan is to be read."""


async def planned(objects: ReleaseObjects, before: Sequence[Raw], wanted: Sequence[Raw]) -> list[PlannedChange]:
    """The changes, in the order in which they would be made.

    :param before: what the release consists of now.
    :raises APIError: the server would refuse one.
    """
    changes = []
    refs = set()
    for obj in wanted:
        ref = await objects.ref(obj)
        refs.add(ref)
        try:
            live, after = await objects.plan(obj)
        except NotFound:  # a namespace that the release itself would make
            live, after = None, obj
        fields = [] if live is None else list(changed_fields(live, after))
        if live is None or fields:
            action = "update" if live is not None else "create"
            changes.append(PlannedChange(action=action, object=name_of(obj), fields=fields[:_FIELDS]))
    for obj in reversed(before):
        try:
            ref = await objects.ref(obj)
        except NoMatch:
            continue
        if ref not in refs and not is_kept(obj) and await objects.live(ref) is not None:
            changes.append(PlannedChange(action="delete", object=name_of(obj)))
    return changes


def changed_fields(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """The paths at which two values differ, the deepest that tell it; lists are compared as wholes."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            inner = before.get(name, {} if isinstance(after.get(name), dict) else None)
            yield from changed_fields(inner, after.get(name), f"{path}.{name}" if path else name)
    elif before != after:
        yield path
