"""Field ownership across the scale subresource: a ``Scale`` shows and changes one field of its parent.

The parent's ``managedFields`` become the Scale's before it is updated, and the Scale's go back to the parent after:
whoever changed ``spec.replicas`` of the Scale owns the parent's replica count.  Semantics: k8s.io/apimachinery,
``managedfields.ScaleHandler``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from kubewright.apiserver.apply import fieldset, managers
from kubewright.apiserver.apply.fieldset import Path
from kubewright.apiserver.apply.managers import Manager, Owned

Entries: TypeAlias = Sequence[Mapping[str, Any]]

_SCALE: Final = "autoscaling/v1"
_REPLICAS: Final[Path] = ("f:spec", "f:replicas")


def path_of(json_path: str) -> Path:
    """The path that a CustomResourceDefinition's ``specReplicasPath`` (``.spec.size``) names."""
    return tuple(f"f:{name}" for name in json_path.strip(".").split("."))


def to_scale(parent: Entries, replicas: Mapping[str, Path]) -> list[dict[str, Any]]:
    """The ``managedFields`` of the Scale of an object.

    :param parent: those of the object.
    :param replicas: where each ``apiVersion`` of the parent keeps its replica count.
    """
    shown = {}
    for manager, owned in managers.decode(parent).items():
        path = replicas.get(owned.api_version)
        if path and fieldset.has(owned.fields, path):
            identity = manager if manager.applies else manager._replace(api_version=_SCALE)
            shown[identity] = Owned(fieldset.of(_REPLICAS), _SCALE, owned.time)
    return managers.encode(shown)


def to_parent(parent: Entries, scale: Entries, replicas: Mapping[str, Path], api_version: str) -> list[dict[str, Any]]:
    """The ``managedFields`` of an object after its Scale was written.

    :param parent: those before the write.
    :param scale: those of the written Scale.
    :param replicas: where each ``apiVersion`` of the parent keeps its replica count.
    :param api_version: the parent's version in this request.
    """
    written = {_identity(manager): (manager, owned) for manager, owned in managers.decode(scale).items()}
    result = {}
    for manager, owned in managers.decode(parent).items():
        if owned.api_version not in replicas:
            continue
        path = replicas[owned.api_version]
        if not path or not fieldset.has(owned.fields, path):
            result[manager] = owned
        elif _identity(manager) in written:
            del written[_identity(manager)]
            result[manager] = owned
        else:
            rest = fieldset.difference(owned.fields, fieldset.of(path))
            if rest:
                result[manager] = owned._replace(fields=rest)
    for manager, owned in written.values():
        if fieldset.has(owned.fields, _REPLICAS):
            identity = manager if manager.applies else manager._replace(api_version=api_version)
            # No time: kube-apiserver looks it up in the parent's old entries, where a new manager has none.
            result[identity] = Owned(fieldset.of(replicas[api_version]), api_version)
    return managers.encode(result)


def _identity(manager: Manager) -> Manager:
    """The manager whichever of the two objects it was recorded on."""
    return manager._replace(api_version="")
