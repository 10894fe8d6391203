"""Installs the operator's CustomResourceDefinitions and waits until the server serves them.

For laptops, tests and demos; in production they are installed with the operator, by somebody who may.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

import msgspec

from kubewright.client import Client
from kubewright.controller.conditions import is_condition_true
from kubewright.manager.diagnosis import Diagnosis, NotReady, Problem
from kubewright.objects import Condition
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.errors import NotFound
from kubewright.schema import Resource

_POLL: Final = 0.05
"""Seconds between looks at what the server lists; it has no watch for that."""


def definitions(classes: Sequence[type[Resource[Any, Any]]]) -> list[CustomResourceDefinition]:
    """One definition for each kind, with all the versions among ``classes``.

    :raises SchemaError: a class can't be expressed.
    """

    # Imported late: it brings CEL and the schema checks along, which an operator in production does without.
    from kubewright.schema.crd import crd

    def name(cls: type[Resource[Any, Any]]) -> tuple[str, str]:
        return cls.gvk.group, cls.plural

    return [crd(*versions) for _, versions in groupby(sorted(classes, key=name), key=name)]


async def install(client: Client, wanted: Sequence[CustomResourceDefinition], *, field_manager: str) -> None:
    """Apply the definitions and return when all are served.

    :raises Invalid: the server refuses one.
    :raises Forbidden: this user may not install them.
    :raises NotReady: another definition has the names of one, so that it is not served.
    """
    for definition in wanted:
        applied = await client.apply(definition, field_manager=field_manager, force=True)
        if not is_established(applied):
            await _until_established(client, applied)
        await _until_served(client, applied)
    client.mapper.invalidate()


def is_established(definition: CustomResourceDefinition) -> bool:
    conditions = [Condition(type=found.type, status=found.status) for found in definition.status.conditions]
    return is_condition_true(conditions, "Established")


async def _until_established(client: Client, definition: CustomResourceDefinition) -> None:
    name = definition.metadata.name
    while True:
        async with client.watch(CustomResourceDefinition, field_selector={"metadata.name": name}) as events:
            async for event in events:
                if event.type not in ("ADDED", "MODIFIED"):
                    continue
                if is_established(event.object):
                    return
                _refuse_taken_names(event.object)


def _refuse_taken_names(definition: CustomResourceDefinition) -> None:
    for condition in definition.status.conditions:
        if condition.type == "NamesAccepted" and condition.status == "False":
            what = f"names for {definition.metadata.name}: {condition.message}"
            remedy = "remove the other definition (kubectl get crds), or choose other names"
            raise NotReady(Diagnosis((Problem(what, "serving it", remedy),)))


async def _until_served(client: Client, definition: CustomResourceDefinition) -> None:
    """A definition that was established before says nothing about a version that has just been added to it."""
    spec = definition.spec
    waiting = {version.name for version in spec.versions if version.served}
    while True:
        waiting = {
            name for name in waiting if not await _is_listed(client, f"/apis/{spec.group}/{name}", spec.names.plural)
        }
        if not waiting:
            return
        await asyncio.sleep(_POLL)


async def _is_listed(client: Client, path: str, plural: str) -> bool:
    try:
        answer = await client.rest.request("GET", path)
    except NotFound:
        return False
    return any(resource["name"] == plural for resource in msgspec.json.decode(answer.body)["resources"])
