"""Which object a write is about: its name, namespace, UID and version, and what of them no client may change.

An object of a request comes in, is checked against its URL or the live object, and leaves with what the server knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubewright.apiserver.registry.options import version_number
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects import field_errors
from kubewright.objects.errors import APIError, BadRequest, Conflict, Invalid

_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def place(obj: Object, namespace: str) -> Object:
    """The metadata of a request's object, whose namespace is that of the URL; what is in none may name any.

    :raises BadRequest: the object names another.
    """
    metadata: Object = obj.setdefault("metadata", {})
    given = metadata.get("namespace") or ""
    if namespace and given and given != namespace:
        raise BadRequest("the namespace of the provided object does not match the namespace sent on the request")
    if namespace:
        metadata["namespace"] = namespace
    else:
        metadata.pop("namespace", None)
    return metadata


def named(obj: Object, namespace: str, name: str) -> Object:
    """Check that a request's object is the one that its URL names.

    :raises BadRequest: it is another.
    """
    given = place(obj, namespace).get("name")
    if not given:
        raise BadRequest("name must be provided")
    if given != name:
        raise BadRequest(f"the name of the object ({given}) does not match the name on the URL ({name})")
    return obj


def require_same(resource: Resource, namespace: str, name: str, *, wanted: str, found: str) -> None:
    """Check that the live object is the very one that a request means.

    :param wanted: the UID that the request names.
    :param found: the live object's; nothing where there is none.
    :raises Conflict: it is another, or there is none.
    """
    if wanted == found:
        return
    place = f"{namespace}/{name}" if namespace else name
    why = (
        f"StorageError: invalid object, Code: 4, Key: {resource.storage_prefix}{place}, ResourceVersion: 0, "
        f"AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
    )
    raise Conflict.of(resource.group_resource, name, why)


def keep(obj: Object, old: Object) -> None:
    """Take over from the live object what no client may change."""
    metadata, was = obj["metadata"], old["metadata"]
    metadata.pop("selfLink", None)
    metadata["uid"] = metadata.get("uid") or was["uid"]
    for name in ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
        copy_field(metadata, was, name)


def check_version(resource: Resource, obj: Object, old: Object) -> None:
    """Check that an update starts from the live object, and fill the version in where it does not say.

    :raises Conflict: it starts from another version.
    :raises Invalid: it has to say, and does not.
    """
    metadata, live = obj["metadata"], old["metadata"]["resourceVersion"]
    version, name, kind = metadata.get("resourceVersion") or "", metadata["name"], resource.group_resource
    if version in ("", "0"):
        if not resource.strategy.allow_unconditional_update:
            cause = field_errors.invalid("metadata.resourceVersion", 0, "must be specified for an update")
            raise Invalid(
                f'{kind} "{name}" is invalid: {cause.field}: {cause.message}',
                details={"name": name, "group": kind.group, "kind": kind.resource, "causes": [cause.to_json()]},
            )
        metadata["resourceVersion"] = live
    elif version != live:
        if version_number(version) is None:
            raise APIError(f'unable to convert resource version "{version}" to an unsigned integer')
        raise Conflict.of(kind, name, _MODIFIED)


def copy_field(target: Object, source: Mapping[str, Any], key: str) -> None:
    """Make a field what it is elsewhere, absent if it is absent there."""
    if key in source:
        target[key] = source[key]
    else:
        target.pop(key, None)
