"""Structural schemas of custom resources: checked once, compiled once, then applied to every object.

A raw OpenAPI v3 schema flows in; a `CompiledSchema` that defaults, prunes and validates objects, or the list of
what is wrong with the schema itself, flows out.
"""

from kubewright.schema.structural.check import check_schema, spared_by
from kubewright.schema.structural.compiled import CompiledSchema, compile_schema
from kubewright.schema.structural.field_paths import FieldPathError, follow
from kubewright.schema.structural.formats import unrecognized_formats
from kubewright.schema.structural.spared import NOTHING_SPARED, Spared

__all__ = [
    "NOTHING_SPARED",
    "CompiledSchema",
    "FieldPathError",
    "Spared",
    "check_schema",
    "compile_schema",
    "follow",
    "spared_by",
    "unrecognized_formats",
]
