"""Which fields each endpoint of a resource puts back to what they were: nobody comes to own them through it.

This is ``GetResetFields`` of Kubernetes' strategies: the resource itself resets ``status`` where that is a subresource,
and ``status`` resets the rest.  Some subresources reset all but a few fields (``GetResetFieldsFilter``).
"""

from __future__ import annotations

from typing import Final

from kubewright.apiserver.apply import fieldset
from kubewright.apiserver.apply.fieldset import FieldSet

_STATUS: Final = fieldset.of(("f:status",))
_SPEC: Final = fieldset.of(("f:spec",))
_SPEC_AND_METADATA: Final = fieldset.of(("f:spec",), ("f:metadata",))

_CSRS: Final = ("certificates.k8s.io", "certificatesigningrequests")

_PARTICULAR: Final = {
    ("apps", "deployments", "status"): fieldset.of(("f:spec",), ("f:metadata", "f:labels")),
    ("", "pods", "status"): fieldset.of(
        ("f:spec",), ("f:metadata", "f:deletionTimestamp"), ("f:metadata", "f:ownerReferences")
    ),
    ("", "namespaces", "finalize"): _STATUS,
    (*_CSRS, ""): fieldset.of(("f:spec",), ("f:status",)),
    (*_CSRS, "status"): fieldset.of(("f:spec",), ("f:status", "f:conditions")),
    (*_CSRS, "approval"): fieldset.of(("f:spec",), ("f:status", "f:certificate")),
    ("apiextensions.k8s.io", "customresourcedefinitions", "status"): _SPEC_AND_METADATA,
    ("apiregistration.k8s.io", "apiservices", "status"): _SPEC_AND_METADATA,
    ("flowcontrol.apiserver.k8s.io", "flowschemas", "status"): _SPEC_AND_METADATA,
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", "status"): _SPEC_AND_METADATA,
    ("admissionregistration.k8s.io", "validatingadmissionpolicies", "status"): _SPEC_AND_METADATA,
    ("resource.k8s.io", "resourceclaims", "status"): _SPEC_AND_METADATA,
    ("storage.k8s.io", "volumeattachments", "status"): _SPEC_AND_METADATA,
}


_CONTAINERS: Final = ("f:containers", "f:initContainers")
_OF_POD: Final = {
    "ephemeralcontainers": fieldset.of(("f:spec", "f:ephemeralContainers")),
    "resize": fieldset.of(
        *(("f:spec", containers, "*", name) for containers in _CONTAINERS for name in ("f:resources", "f:resizePolicy"))
    ),
}


def only_fields(group: str, resource: str, subresource: str) -> FieldSet:
    """The pattern of the only fields that a write to an endpoint can change (`fieldset.matching`); empty for any."""
    return _OF_POD.get(subresource, {}) if (group, resource) == ("", "pods") else {}


def reset_fields(group: str, resource: str, subresource: str, *, has_status: bool) -> FieldSet:
    """The fields that a write to an endpoint cannot change.

    :param has_status: whether the resource has a status subresource.
    """
    usual = {"": _STATUS if has_status else {}, "status": _SPEC}.get(subresource, {})
    return _PARTICULAR.get((group, resource, subresource), usual)
