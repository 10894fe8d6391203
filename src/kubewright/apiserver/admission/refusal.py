"""How admission stages say no: ``pods "web" is forbidden: ...``."""

from __future__ import annotations

from collections.abc import Sequence

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.objects.errors import Cause, Forbidden, InternalError, resource_details


def refused(attributes: Attributes, why: str, causes: Sequence[Cause] = ()) -> Forbidden:
    """The error of a stage that will not let a request pass (``admission.NewForbidden``)."""
    metadata = (attributes.obj or {}).get("metadata") or {}
    name = attributes.name or metadata.get("name") or metadata.get("generateName") or "Unknown"
    resource = attributes.resource.group_resource
    details = resource_details(resource, name)
    if causes:
        details["causes"] = [cause.to_json() for cause in causes]
    return Forbidden(f'{resource} "{name}" is forbidden: {why}', details=details)


def internal_error(why: str) -> InternalError:
    """``Internal error occurred: ...``, with the text as the only cause, as `apierrors.NewInternalError` has it."""
    return InternalError(f"Internal error occurred: {why}", details={"causes": [Cause("", why).to_json()]})


def is_new(attributes: Attributes, group: str, resource: str) -> bool:
    """Whether this creates an object of a resource (not through a subresource)."""
    return (
        attributes.resource.resource == resource
        and attributes.resource.group == group
        and attributes.operation == "CREATE"
        and not attributes.subresource
    )
