"""Objects of kinds that have no Python class: the JSON as it is, with typed metadata on top."""

from __future__ import annotations

from typing import Any, Self

import msgspec

from kubewright.objects.in_models import InModels
from kubewright.objects.meta import ObjectMeta
from kubewright.objects.names import GroupVersionKind


class Unstructured(InModels):
    """An object of any kind.

    ``obj.metadata`` is typed as everywhere; all other fields are plain JSON: ``obj["spec"]["replicas"]``.

    :param content: the whole object, with ``apiVersion`` and ``kind``; it is taken over, not copied.
    :raises ValueError: ``apiVersion``, ``kind`` or a well-formed ``metadata`` is missing.
    """

    __slots__ = ("api_version", "content", "kind", "metadata")

    def __init__(self, content: dict[str, Any]) -> None:
        try:
            self.api_version: str = content.pop("apiVersion")
            self.kind: str = content.pop("kind")
        except KeyError as missing:
            raise ValueError(f"an object needs {missing.args[0]}") from None
        self.metadata = msgspec.convert(content.pop("metadata", None) or {}, ObjectMeta)
        self.content = content

    @classmethod
    def from_plain(cls, value: Any) -> Self:
        if not isinstance(value, dict):
            raise ValueError(f"an object is a JSON object, not {type(value).__name__}")
        return cls(dict(value))

    def to_plain(self) -> dict[str, Any]:
        return {"apiVersion": self.api_version, "kind": self.kind, "metadata": self.metadata, **self.content}

    @property
    def gvk(self) -> GroupVersionKind:
        return GroupVersionKind.parse(self.api_version, self.kind)

    def __getitem__(self, field: str) -> Any:
        return self.content[field]

    def __setitem__(self, field: str, value: Any) -> None:
        self.content[field] = value

    def __contains__(self, field: str) -> bool:
        return field in self.content

    def get(self, *path: str | int, default: Any = None) -> Any:
        """The value at a path, ``obj.get("spec", "ports", 0, "port")``, or the default where a step is missing."""
        value: Any = self.content
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return default
        return value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Unstructured):
            return NotImplemented
        return (self.gvk, self.metadata, self.content) == (other.gvk, other.metadata, other.content)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Unstructured({self.gvk}, {self.metadata.namespace}/{self.metadata.name})"
