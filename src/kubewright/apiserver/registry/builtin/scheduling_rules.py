"""Rules for where pods may run: tolerations, taints, affinity, topology spread, node selectors.

After the functions of the same subjects in ``pkg/apis/core/validation``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.field_rules import (
    in_range,
    label_selector,
    optional_one_of,
    positive,
    problems,
)
from kubewright.apiserver.registry.metadata_rules import (
    is_dns_label,
    is_dns_subdomain,
    is_label_value,
    is_qualified_name,
)
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, not_supported, required

Spec = Mapping[str, Any]

TAINT_EFFECTS = ("NoExecute", "NoSchedule", "PreferNoSchedule")
_NODE_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
_UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")


def validate_tolerations(tolerations: list[Spec], field: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, toleration in enumerate(tolerations):
        causes += _toleration(toleration, f"{field}[{index}]")
    return causes


def _toleration(toleration: Spec, path: str) -> list[Cause]:
    key, operator, effect = toleration.get("key", ""), toleration.get("operator", ""), toleration.get("effect", "")
    causes: list[Cause] = []
    if key:
        causes += problems(is_qualified_name(key), key, f"{path}.key")
    elif operator != "Exists":
        text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        causes.append(invalid(f"{path}.operator", operator, text))
    if "tolerationSeconds" in toleration and effect != "NoExecute":
        causes.append(invalid(f"{path}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
    value = toleration.get("value", "")
    match operator:
        case "Equal" | "":
            if found := is_label_value(value):
                causes.append(invalid(f"{path}.operator", value, ";".join(found)))
        case "Exists":
            if value:
                text = "value must be empty when `operator` is 'Exists'"
                causes.append(invalid(f"{path}.operator", value, text))
        case _:
            causes.append(not_supported(f"{path}.operator", operator, ("Equal", "Exists")))
    if effect:
        causes += optional_one_of(effect, TAINT_EFFECTS, f"{path}.effect")
    return causes


def validate_taints(taints: list[Spec], field: str) -> list[Cause]:
    causes: list[Cause] = []
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        path = f"{field}[{index}]"
        key, effect = taint.get("key", ""), taint.get("effect", "")
        causes += problems(is_qualified_name(key), key, f"{path}.key")
        if taint.get("value"):
            causes += problems(is_label_value(taint["value"]), taint["value"], f"{path}.value")
        if not effect:
            causes.append(required(f"{path}.effect"))
        else:
            causes += optional_one_of(effect, TAINT_EFFECTS, f"{path}.effect")
        if (key, effect) in seen:
            causes.append(duplicate(path, taint))
        seen.add((key, effect))
    return causes


def validate_affinity(affinity: Spec | None, field: str) -> list[Cause]:
    causes: list[Cause] = []
    for kind, rules in (affinity or {}).items():
        path = f"{field}.{kind}"
        causes += _node_affinity(rules, path) if kind == "nodeAffinity" else _pod_affinity(rules, path)
    return causes


def _node_affinity(rules: Spec, path: str) -> list[Cause]:
    causes: list[Cause] = []
    selector = rules.get("requiredDuringSchedulingIgnoredDuringExecution")
    if selector is not None:
        causes += validate_node_selector(selector, f"{path}.requiredDuringSchedulingIgnoredDuringExecution")
    preferred = f"{path}.preferredDuringSchedulingIgnoredDuringExecution"
    for index, term in enumerate(rules.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
        at = f"{preferred}[{index}]"
        causes += in_range(term.get("weight", 0), 1, 100, f"{at}.weight")
        causes += _node_selector_term(term.get("preference") or {}, f"{at}.preference")
    return causes


def validate_node_selector(selector: Spec, path: str) -> list[Cause]:
    terms = selector.get("nodeSelectorTerms") or ()
    if not terms:
        return [required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")]
    causes: list[Cause] = []
    for index, term in enumerate(terms):
        at = f"{path}.nodeSelectorTerms[{index}]"
        causes += _node_selector_term(term, at)
        for number, expression in enumerate(term.get("matchExpressions") or ()):
            for place, value in enumerate(expression.get("values") or ()):
                spot = f"{at}.matchExpressions[{number}].values[{place}]"
                causes += problems(is_label_value(value), value, spot)
    return causes


def _node_selector_term(term: Spec, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        causes += _node_requirement(expression, f"{path}.matchExpressions[{index}]")
    for index, expression in enumerate(term.get("matchFields") or ()):
        at = f"{path}.matchFields[{index}]"
        if expression.get("key") != "metadata.name":
            causes.append(invalid(f"{at}.key", expression.get("key", ""), "not a valid field selector key"))
        else:
            for number, name in enumerate(expression.get("values") or ()):
                causes += problems(is_dns_subdomain(name), name, f"{at}.values[{number}]")
        if expression.get("operator") not in ("In", "NotIn"):
            causes.append(invalid(f"{at}.operator", expression.get("operator", ""), "not a valid selector operator"))
        elif len(expression.get("values") or ()) != 1:
            text = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
            causes.append(required(f"{at}.values", text))
    return causes


def _node_requirement(expression: Spec, path: str) -> list[Cause]:
    operator, values = expression.get("operator", ""), expression.get("values") or []
    causes: list[Cause] = []
    if operator in ("In", "NotIn") and not values:
        causes.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist") and values:
        text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        causes.append(forbidden(f"{path}.values", text))
    elif operator in ("Gt", "Lt") and len(values) != 1:
        text = "must be specified single value when `operator` is 'Lt' or 'Gt'"
        causes.append(required(f"{path}.values", text))
    elif operator not in _NODE_OPERATORS:
        causes.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    key = expression.get("key", "")
    return causes + problems(is_qualified_name(key), key, f"{path}.key")


def _pod_affinity(rules: Spec, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, term in enumerate(rules.get("requiredDuringSchedulingIgnoredDuringExecution") or ()):
        causes += _pod_affinity_term(term, f"{path}.requiredDuringSchedulingIgnoredDuringExecution[{index}]")
    for index, weighted in enumerate(rules.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
        at = f"{path}.preferredDuringSchedulingIgnoredDuringExecution[{index}]"
        causes += in_range(weighted.get("weight", 0), 1, 100, f"{at}.weight")
        causes += _pod_affinity_term(weighted.get("podAffinityTerm") or {}, f"{at}.podAffinityTerm")
    return causes


def _pod_affinity_term(term: Spec, path: str) -> list[Cause]:
    causes = label_selector(term.get("labelSelector"), f"{path}.labelSelector")
    causes += label_selector(term.get("namespaceSelector"), f"{path}.namespaceSelector")
    for name in term.get("namespaces") or ():
        causes += problems(is_dns_label(name), name, f"{path}.namespace")
    causes += _label_keys(term, path)
    key = term.get("topologyKey", "")
    if not key:
        causes.append(required(f"{path}.topologyKey", "can not be empty"))
    return causes + problems(is_qualified_name(key), key, f"{path}.topologyKey")


def validate_topology_spread(constraints: list[Spec], field: str) -> list[Cause]:
    causes: list[Cause] = []
    seen: set[tuple[str, str]] = set()
    for index, constraint in enumerate(constraints):
        path = f"{field}[{index}]"
        key, unsatisfiable = constraint.get("topologyKey", ""), constraint.get("whenUnsatisfiable", "")
        causes += positive(constraint.get("maxSkew", 0), f"{path}.maxSkew")
        if not key:
            causes.append(required(f"{path}.topologyKey", "can not be empty"))
        causes += optional_one_of(unsatisfiable, _UNSATISFIABLE, f"{path}.whenUnsatisfiable")
        if (key, unsatisfiable) in seen:
            pair = f"{{{key}, {unsatisfiable}}}"
            causes.append(duplicate(f"{path}.{{topologyKey, whenUnsatisfiable}}", pair))
        seen.add((key, unsatisfiable))
        minimum = constraint.get("minDomains")
        causes += positive(minimum, f"{path}.minDomains")
        if minimum is not None and unsatisfiable != "DoNotSchedule":
            text = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {unsatisfiable}"
            causes.append(invalid(f"{path}.minDomains", minimum, text))
        for policy in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            causes += optional_one_of(constraint.get(policy), ("Honor", "Ignore"), f"{path}.{policy}")
        causes += _label_keys(constraint, path)
        causes += label_selector(constraint.get("labelSelector"), f"{path}.labelSelector")
    return causes


def _label_keys(term: Spec, path: str) -> list[Cause]:
    """Labels of the pod itself that join the selector, to match or to differ in: the selector must not name them."""
    selector = term.get("labelSelector")
    match, mismatch = term.get("matchLabelKeys") or [], term.get("mismatchLabelKeys") or []
    causes: list[Cause] = []
    for field, keys in (("matchLabelKeys", match), ("mismatchLabelKeys", mismatch)):
        if keys and selector is None:
            causes.append(forbidden(f"{path}.{field}", "must not be specified when labelSelector is not set"))
            continue
        for index, key in enumerate(keys):
            causes += problems(is_qualified_name(key), key, f"{path}.{field}[{index}]")
    # What joined the selector is one expression; a second mention of the key was the author's.
    named = {*((selector or {}).get("matchLabels") or ())}
    for expression in (selector or {}).get("matchExpressions") or ():
        key = expression.get("key", "")
        if key in match and key in named:
            text = "exists in both matchLabelKeys and labelSelector"
            causes.append(invalid(f"{path}[{match.index(key)}]", key, text))
        named.add(key)
    text = "exists in both matchLabelKeys and mismatchLabelKeys"
    both = [index for index, key in enumerate(match) if key in mismatch]
    return causes + [invalid(f"{path}.matchLabelKeys[{index}]", match[index], text) for index in both]


def join_label_keys(pod: dict[str, Any]) -> None:
    """Let the labels of a new pod join the selectors that name their keys."""
    labels, spec = pod["metadata"].get("labels") or {}, pod["spec"]
    affinity = spec.get("affinity") or {}
    terms = list(spec.get("topologySpreadConstraints") or ())
    for rules in (affinity.get("podAffinity") or {}, affinity.get("podAntiAffinity") or {}):
        terms += rules.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        weighted = rules.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        terms += [one.get("podAffinityTerm") or {} for one in weighted]
    for term in terms:
        selector = term.get("labelSelector")
        if selector is None:
            continue
        for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
            for key in term.get(field) or ():
                if key in labels:
                    expression = {"key": key, "operator": operator, "values": [labels[key]]}
                    selector["matchExpressions"] = [*(selector.get("matchExpressions") or ()), expression]
