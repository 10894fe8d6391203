"""Custom resources: Python types to structural schemas to CustomResourceDefinitions."""

from kubewright.schema.errors import SchemaError
from kubewright.schema.markers import (
    AllOf,
    AtLeastOneOf,
    AtMostOneOf,
    Doc,
    ExactlyOneOf,
    Immutable,
    Int32,
    Int64,
    Marker,
    Meta,
    Rule,
)
from kubewright.schema.resource import (
    Column,
    Definition,
    Resource,
    Scale,
    Spec,
    Status,
    custom_resource,
    has_status,
    has_status_subresource,
)

__all__ = [
    "AllOf",
    "AtLeastOneOf",
    "AtMostOneOf",
    "Column",
    "Definition",
    "Doc",
    "ExactlyOneOf",
    "Immutable",
    "Int32",
    "Int64",
    "Marker",
    "Meta",
    "Resource",
    "Rule",
    "Scale",
    "SchemaError",
    "Spec",
    "Status",
    "custom_resource",
    "has_status",
    "has_status_subresource",
]
