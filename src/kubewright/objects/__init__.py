"""Typed and unstructured Kubernetes objects, their names, quantities, times, selectors and errors.

The built-in kinds stand in one module an API group: ``from kubewright.objects.apps_v1 import Deployment``.
"""

from kubewright.objects.base import PlainValue, Struct
from kubewright.objects.codec import copy_of, from_dict, from_json, to_dict, to_json
from kubewright.objects.meta import (
    JSON,
    AnyObject,
    Condition,
    DeleteOptions,
    IntOrString,
    LabelSelector,
    LabelSelectorRequirement,
    ListMeta,
    ManagedFieldsEntry,
    Object,
    ObjectMeta,
    OwnerReference,
    Preconditions,
    RawExtension,
    controller_of,
    gvk_of,
    key,
    owner_reference,
)
from kubewright.objects.names import (
    GroupKind,
    GroupResource,
    GroupVersion,
    GroupVersionKind,
    GroupVersionResource,
    ObjectKey,
)
from kubewright.objects.quantity import Quantity
from kubewright.objects.time import Duration, MicroTime, Time, format_time, now, parse_time
from kubewright.objects.unstructured import Unstructured

__all__ = [
    "JSON",
    "AnyObject",
    "Condition",
    "DeleteOptions",
    "Duration",
    "GroupKind",
    "GroupResource",
    "GroupVersion",
    "GroupVersionKind",
    "GroupVersionResource",
    "IntOrString",
    "LabelSelector",
    "LabelSelectorRequirement",
    "ListMeta",
    "ManagedFieldsEntry",
    "MicroTime",
    "Object",
    "ObjectKey",
    "ObjectMeta",
    "OwnerReference",
    "Preconditions",
    "Quantity",
    "RawExtension",
    "PlainValue",
    "Struct",
    "Time",
    "Unstructured",
    "controller_of",
    "copy_of",
    "format_time",
    "from_dict",
    "from_json",
    "gvk_of",
    "key",
    "now",
    "owner_reference",
    "parse_time",
    "to_dict",
    "to_json",
]
