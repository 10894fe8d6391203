"""Values as Helm merges them: mappings are joined key by key, everything else of the later one wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubewright.helm.engine import Values, expand_template, parse_override


def merged(values: Mapping[str, Any], overrides: Mapping[str, Any]) -> Values:
    """``overrides`` over ``values``; neither is changed."""
    result = dict(values)
    for name, value in overrides.items():
        before = result.get(name)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        result[name] = merged(before, value) if both else value  # type: ignore[arg-type]
    return result


def override_values(overrides: Mapping[str, str]) -> Values:
    """The values that ``overrideValues`` means: dotted paths, and texts with templates in them.

    :raises ChartError: a path or a template is wrong.
    """
    values: Values = {}
    for path, text in overrides.items():
        values = merged(values, parse_override(path, expand_template(text)))
    return values
