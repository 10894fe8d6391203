"""How a catalog of operators shows a kind: its name, the objects that belong to it, and its fields with their controls.

Resource classes go in; their ``Listing`` and the ``Descriptor`` s of their fields come out, by the paths that OLM's
ClusterServiceVersion has.  Nothing of it is in the schema.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubewright.schema.fields import fields_of, is_model, is_struct
from kubewright.schema.markers import Descriptor
from kubewright.schema.resource import Listing, Resource, stated_fields
from kubewright.schema.types import unwrap


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A kind's listing, and the descriptors of its fields: ``replicas``, ``tls.secret``, ``ports[0].name``."""

    listing: Listing = field(default_factory=Listing)
    spec: Mapping[str, Descriptor] = field(default_factory=dict)
    status: Mapping[str, Descriptor] = field(default_factory=dict)


def shown(cls: type[Resource[Any, Any]]) -> Shown:
    """What the class says of itself to people who choose from a catalog."""
    parts = {
        one.json_name: dict(_descriptors(one.annotation, "", ()))
        for one in fields_of(cls)
        if one.name in ("spec", "status") and one.name in stated_fields(cls)
    }
    return Shown(listing=cls.definition.listing, **parts)


def _descriptors(annotation: Any, path: str, within: tuple[type, ...]) -> Iterator[tuple[str, Descriptor]]:
    """Those of the fields below a type; the first item stands for all of a list."""
    base, _ = unwrap(annotation)
    parts = typing.get_args(base)
    if parts:
        if typing.get_origin(base) in (list, tuple):
            yield from _descriptors(parts[0], f"{path}[0]", within)
        return
    if not (is_struct(base) or is_model(base)) or base.__module__.startswith("kubewright.objects.") or base in within:
        return
    for one in fields_of(base):
        below = f"{path}.{one.json_name}" if path else one.json_name
        for marker in unwrap(one.annotation)[1]:
            if isinstance(marker, Descriptor):
                yield below, marker
        yield from _descriptors(one.annotation, below, (*within, base))
