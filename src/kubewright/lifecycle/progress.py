"""What an operator's handlers have done for one object, as the text of one small annotation.

Each handler's entry holds the value that it has handled last: the watched field alone, never the object; of a value
that is long, its hash.  The object's uid stands beside them: a copy of an object is a new one.  The text of the
annotation goes in and comes out; nothing here knows of a server.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import msgspec

_LONGEST = 1024
"""Bytes of JSON up to which a value is kept whole."""

_OBJECT = "object"
"""Where the uid stands; names of handlers have a slash."""


class Progress:
    """Made from an annotation; entries of handlers that are no longer declared fall away when it is written again.

    :param text: of the annotation, or None.  One that somebody has damaged, or copied from another object, counts as
        absent.
    :param handlers: their names.
    :param uid: the object's.
    """

    def __init__(self, text: str | None, handlers: Iterable[str], uid: str) -> None:
        wanted, found = set(handlers), _parse(text)
        self._uid = uid
        if found.get(_OBJECT, {}).get("uid") != uid:
            found = {}
        self._entries = {name: entry for name, entry in found.items() if name in wanted}
        self.changed = False
        """Whether there is something to write."""

    def knows(self, handler: str) -> bool:
        """Whether the handler has ever finished for this object."""
        return handler in self._entries

    def differs(self, handler: str, value: object) -> bool:
        """Whether ``value`` is not the one handled last; before the first time that is an absent one.

        Compared is the JSON text: to Python, ``False`` equals ``0``.
        """
        return _text(self._entries.get(handler, _entry(None))) != _text(_entry(value))

    def last(self, handler: str) -> Any:
        """The value handled last; None if there was none, or if it was too long to keep."""
        return self._entries.get(handler, {}).get("value")

    def record(self, handler: str, value: object) -> None:
        """The handler has finished with ``value``."""
        if not self.knows(handler) or self.differs(handler, value):
            self._entries[handler] = _entry(value)
            self.changed = True

    def text(self) -> str:
        """What to write."""
        entries = {**self._entries, _OBJECT: {"uid": self._uid}}
        return json.dumps(entries, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _text(value: object) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _entry(value: object) -> dict[str, Any]:
    text = _text(value)
    if len(text) <= _LONGEST:
        return {"value": value}
    return {"sha256": hashlib.sha256(text).hexdigest()}


def _parse(text: str | None) -> dict[str, dict[str, Any]]:
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, dict[str, Any]])
    except msgspec.DecodeError:
        return {}
