"""Structural schemas of custom resources: checked once, compiled once, then applied to every object.

A raw OpenAPI v3 schema flows in; a `CompiledSchema` that defaults, prunes and validates objects, or the list of
what is wrong with the schema itself, flows out.
"""

from kubewright.schema.structural.check import check_schema
from kubewright.schema.structural.compiled import CompiledSchema, compile_schema
from kubewright.schema.structural.field_paths import FieldPathError, follow
from kubewright.schema.structural.formats import unrecognized_formats

__all__ = ["CompiledSchema", "FieldPathError", "check_schema", "compile_schema", "follow", "unrecognized_formats"]
