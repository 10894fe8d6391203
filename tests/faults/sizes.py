"""How much a runtime remembers: the sizes of the containers that can be reached from one of its objects."""

from __future__ import annotations

import types
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec


def container_sizes(root: object) -> dict[str, list[int]]:
    """The sizes of all containers, by the names of the attributes that lead there."""
    sizes: dict[str, list[int]] = defaultdict(list)
    seen: set[int] = set()
    ahead: deque[tuple[str, Any]] = deque([("", root)])
    while ahead:
        path, value = ahead.popleft()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict | list | set | tuple | deque):
            sizes[path].append(len(value))
            members: Iterable[Any] = [*value, *value.values()] if isinstance(value, dict) else value
            ahead.extend((f"{path}[]", member) for member in members)
        else:
            ahead.extend((f"{path}.{name}", member) for name, member in _attributes(value))
    return sizes


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, types.MethodType):
        yield "__self__", value.__self__
    elif isinstance(value, types.FunctionType):
        yield from (("closure", cell.cell_contents) for cell in value.__closure__ or ())
    elif type(value).__module__.startswith("kubewright.") and not value.__class__.__name__.endswith("Transport"):
        names = getattr(value, "__struct_fields__", ()) if isinstance(value, msgspec.Struct) else _slots(type(value))
        yield from ((name, getattr(value, name)) for name in names if hasattr(value, name))
        yield from getattr(value, "__dict__", {}).items()


def _slots(cls: type) -> Iterator[str]:
    for base in cls.__mro__:
        slots = base.__dict__.get("__slots__", ())
        yield from (name for name in ((slots,) if isinstance(slots, str) else slots) if not name.startswith("__"))
