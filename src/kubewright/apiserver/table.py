"""Tables, as kubectl asks for them: columns and cells come from a kind's strategy, rows go out as JSON.

See ``k8s.io/apiserver/pkg/endpoints/handlers/response.go`` and the ``meta.k8s.io/v1`` Table type.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from kubewright.apiserver.registry.strategy import Object, Strategy
from kubewright.objects.errors import BadRequest

IncludeObject = Literal["None", "Metadata", "Object"]

_INCLUDE: dict[str, IncludeObject] = {"": "Metadata", "None": "None", "Metadata": "Metadata", "Object": "Object"}


def include_object(text: str) -> IncludeObject:
    """What a row carries beside its cells.

    :raises BadRequest: the parameter has an unknown value.
    """
    try:
        return _INCLUDE[text]
    except KeyError:
        raise BadRequest(
            f'unable to decode query: includeObject: unrecognized value: "{text}"; use None, Metadata or Object'
        ) from None


def table(
    strategy: Strategy,
    objects: Sequence[Object],
    list_metadata: Object,
    *,
    include: IncludeObject = "Metadata",
    with_columns: bool = True,
    version: str = "v1",
) -> Object:
    """The Table of some objects; ``with_columns`` is left out for all but the first event of a watch."""
    definitions = [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": column.description or column.name,
            "priority": column.priority,
        }
        for column in strategy.columns
    ]

    def row(obj: Object) -> Object:
        conditions = strategy.row_conditions(obj)
        said = {"conditions": conditions} if conditions else {}
        shown = partial_metadata(obj, version) if include == "Metadata" else obj if include == "Object" else None
        return {"cells": strategy.cells(obj), **said, "object": shown}

    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": list_metadata,
        "columnDefinitions": definitions if with_columns else None,
        "rows": [row(obj) for obj in objects],
    }


def partial_metadata(obj: Object, version: str = "v1") -> Object:
    """The object reduced to its metadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{version}", "metadata": obj["metadata"]}
