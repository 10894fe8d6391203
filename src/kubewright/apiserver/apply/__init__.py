"""Server-side apply and field ownership: `FieldManager` does both for one version of a resource."""

from kubewright.apiserver.apply import scale
from kubewright.apiserver.apply.conversions import converted
from kubewright.apiserver.apply.field_manager import FieldManager, OtherVersions
from kubewright.apiserver.apply.fieldset import FieldSet
from kubewright.apiserver.apply.managers import keep_times, problem
from kubewright.apiserver.apply.reset_fields import only_fields, reset_fields

__all__ = [
    "FieldManager",
    "FieldSet",
    "OtherVersions",
    "converted",
    "keep_times",
    "only_fields",
    "problem",
    "reset_fields",
    "scale",
]
