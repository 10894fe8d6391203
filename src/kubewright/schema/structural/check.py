"""Whether a schema may be the ``openAPIV3Schema`` of a custom resource: what the apiserver refuses, as field errors.

Three layers as in ``k8s.io/apiextensions-apiserver``: the schema must be structural, its defaults must be valid and
pruned, and every keyword must be one that custom resources support.  CEL rules are compiled last, and only where the
schema around them is sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import forbidden, invalid
from kubewright.schema.structural.defaults import check_defaults, has_unpruned_defaults
from kubewright.schema.structural.keywords import broken_keywords, check_keywords
from kubewright.schema.structural.rule_checks import check_rules
from kubewright.schema.structural.spared import NOTHING_SPARED, Spared
from kubewright.schema.structural.structurality import check_structure, is_unsupported

Raw = Mapping[str, Any]

_ALLOWED_AT_ROOT_WITH_STATUS = frozenset((
    "description", "type", "format", "title", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength",
    "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "multipleOf", "required", "items", "properties",
    "externalDocs", "example", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations",
))  # fmt: skip


def check_schema(
    raw: Raw,
    path: str = "spec.validation.openAPIV3Schema",
    *,
    status_subresource: bool = False,
    spared: Spared = NOTHING_SPARED,
) -> list[Cause]:
    """Everything that is wrong with a schema.

    :param path: how errors call the schema; the apiserver uses the default when all versions share one schema, else
        ``spec.versions[i].schema.openAPIV3Schema``.
    :param status_subresource: whether the version has one, which restricts the root.
    :param spared: what need not hold, because it did not before either.
    """
    errors = _check_root(raw, path, status_subresource)
    unsupported = is_unsupported(raw)
    structural_errors = [] if unsupported else check_structure(raw, path) or check_defaults(raw, path, spared)
    keyword_errors = check_keywords(raw, path, spared)
    errors += structural_errors + keyword_errors
    if not unsupported and not structural_errors:
        errors += check_rules(raw, path, keyword_errors, spared)
    if not errors and unsupported:
        # The keyword is not one of those that were told already.
        errors.append(invalid(path, "", "OpenAPIV3Schema 'schema' is not supported"))
    return errors


def spared_by(schemas: Iterable[Raw]) -> Spared:
    """What an update may leave broken, by the schemas of all versions of the old definition."""
    spared = NOTHING_SPARED
    for raw in schemas:
        structural = not is_unsupported(raw) and not check_structure(raw, "")
        broken = broken_keywords(raw)._replace(unpruned_defaults=structural and has_unpruned_defaults(raw))
        spared = Spared(*(one or other for one, other in zip(spared, broken, strict=True)))
    return spared


def _check_root(raw: Raw, path: str, status_subresource: bool) -> list[Cause]:
    errors: list[Cause] = []
    if status_subresource:
        if raw.get("type", "object") != "object":
            detail = (
                'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
            )
            errors.append(invalid(f"{path}.type", raw["type"], detail))
        elif any(value for key, value in raw.items() if key not in _ALLOWED_AT_ROOT_WITH_STATUS):
            names = " ".join(sorted(_ALLOWED_AT_ROOT_WITH_STATUS))
            detail = f"only [{names}] fields are allowed at the root of the schema if the status subresource is enabled"
            errors.append(invalid(path, dict(raw), detail))
    if raw.get("nullable"):
        errors.append(forbidden(f"{path}.nullable", "nullable cannot be true at the root"))
    return errors
