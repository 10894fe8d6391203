"""Who is to be told of a change, found by how its key begins: a write costs the same, however many listen elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kubewright.apiserver.storage.protocol import Change, Deliver, Stop


class Listeners:
    """The watches of one store."""

    def __init__(self) -> None:
        self._by_prefix: dict[str, dict[object, Deliver]] = {}

    def add(self, prefix: str, deliver: Deliver) -> Stop:
        """Tell of all changes below ``prefix``, which ends with a slash or is empty, until that is stopped."""
        listener = object()
        self._by_prefix.setdefault(prefix, {})[listener] = deliver

        def stop() -> None:
            listening = self._by_prefix.get(prefix, {})
            listening.pop(listener, None)
            if not listening:
                self._by_prefix.pop(prefix, None)

        return stop

    def tell(self, changes: Sequence[Change]) -> None:
        """Hand on changes in their order."""
        for change in changes:
            for deliver in tuple(self._of(change.key)):
                deliver((change,))

    def clear(self) -> None:
        self._by_prefix.clear()

    def _of(self, key: str) -> Iterator[Deliver]:
        yield from self._by_prefix.get("", {}).values()
        end = key.find("/")
        while end >= 0:
            if listening := self._by_prefix.get(key[: end + 1]):
                yield from listening.values()
            end = key.find("/", end + 1)
