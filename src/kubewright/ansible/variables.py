"""The variables that a play is given: the custom resource, as roles know it from the Ansible operator.

An object comes in, the extra variables go out.  Text from the object is marked unsafe unless a watch says otherwise:
Ansible then never reads it as a template, so that ``{{ lookup('pipe', ...) }}`` in a spec stays what it is, a text.
"""

from __future__ import annotations

import re
from typing import Any

from kubewright.ansible.snake_case import snake_keys
from kubewright.ansible.watches import Watch


def extra_variables(watch: Watch, obj: dict[str, Any], *, finalizing: bool) -> dict[str, Any]:
    """What a run for ``obj`` knows; where names meet, the watch's own variables win over the object's.

    :param finalizing: whether the finalizer's variables are among them.
    """
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        spec = {}
    shown = mark_unsafe if watch.mark_unsafe else _as_it_is
    metadata = obj.get("metadata") or {}
    name = re.sub("[.-]", "_", f"_{watch.kind.group}_{watch.kind.kind.lower()}")
    variables: dict[str, Any] = {
        **shown(snake_keys(spec) if watch.snake_case else spec),
        "ansible_operator_meta": {"name": metadata.get("name", ""), "namespace": metadata.get("namespace", "")},
        name: shown(obj),
        f"{name}_spec": shown(spec),
        **watch.vars,
    }
    if finalizing and watch.finalizer is not None:
        variables |= watch.finalizer.vars
    return variables


def mark_unsafe(value: Any) -> Any:
    """The same value with every text in the form that Ansible reads as "never a template"."""
    if isinstance(value, str):
        return {"__ansible_unsafe": value}
    if isinstance(value, dict):
        return {key: mark_unsafe(item) for key, item in value.items()}
    if isinstance(value, list):
        return [mark_unsafe(item) for item in value]
    return value


def _as_it_is(value: Any) -> Any:
    return value
