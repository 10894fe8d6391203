"""A software bill of materials: the Python packages that an installed distribution brings, as CycloneDX JSON.

What `importlib.metadata` knows of this environment goes in; a document comes out that depends on it alone, so that the
same image always has the same one.
"""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from packaging.requirements import Requirement

_NAME = re.compile(r"[-_.]+")


def bill_of_materials(root: str) -> dict[str, Any]:
    """The CycloneDX 1.6 document of an installed distribution and all that it depends on.

    :raises PackageNotFoundError: ``root`` is not installed.
    """
    found = _closure(distribution(root), frozenset())
    (first, *others) = [found.pop(_normal(root)), *(found[name] for name in sorted(found))]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {**_component(first[0]), "type": "application"}},
        "components": [_component(one) for one, _ in others],
        "dependencies": [
            {"ref": _purl(one), "dependsOn": sorted(_purl(found[name][0]) for name in needs if name in found)}
            for one, needs in [first, *others]
        ],
    }


def _closure(root: Distribution, extras: frozenset[str]) -> dict[str, tuple[Distribution, set[str]]]:
    """Every distribution that ``root`` needs here, by name, each with the names of those it needs itself."""
    found: dict[str, tuple[Distribution, set[str]]] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(root, extras)]
    while waiting:
        one, wanted = waiting.pop()
        name = _normal(one.name)
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        needs = found.setdefault(name, (one, set()))[1]
        for text in one.requires or ():
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is not None and not any(marker.evaluate({"extra": extra}) for extra in (wanted or {""})):
                continue
            try:
                other = distribution(requirement.name)
            except PackageNotFoundError:
                continue  # an optional one that pip did not install here
            needs.add(_normal(other.name))
            waiting.append((other, frozenset(requirement.extras)))
    return found


def _component(one: Distribution) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": _purl(one),
        "name": one.name,
        "version": one.version,
        "purl": _purl(one),
    }
    if "License-Expression" in one.metadata:
        made["licenses"] = [{"expression": one.metadata["License-Expression"]}]
    return made


def _purl(one: Distribution) -> str:
    return f"pkg:pypi/{_normal(one.name)}@{one.version}"


def _normal(name: str) -> str:
    """A project's name as indexes compare it (PEP 503)."""
    return _NAME.sub("-", name).lower()
