"""FlowSchemas and PriorityLevelConfigurations: kept and checked, but no request waits for another.

After ``pkg/apis/flowcontrol`` (defaults, validation).
"""

from __future__ import annotations

from math import log2
from typing import Any

from kubewright.apiserver.registry.builtin.base import ALL_METADATA, BuiltinStrategy, age, columns, fill, name_of
from kubewright.apiserver.registry.builtin.field_rules import in_range, optional_one_of, problems, unique
from kubewright.apiserver.registry.metadata_rules import is_dns_label, is_dns_subdomain
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, not_supported, required

Spec = dict[str, Any]

_MAX_PRECEDENCE = 10_000
_MAX_QUEUES = 10_000_000
_MAX_HASH_BITS = 60
_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch")
_SUBJECTS = {"Group": "group", "ServiceAccount": "serviceAccount", "User": "user"}


class FlowControlStrategy(BuiltinStrategy):
    """What both kinds share: an update is checked as a creation is, a status apart from the rest."""

    status = True
    status_keeps = ALL_METADATA
    generation = True

    def validate_update(self, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        return self.validate(obj, reader)

    def validate_status_update(self, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        conditions = obj["status"].get("conditions") or []
        kinds = [condition.get("type", "") for condition in conditions]
        causes = [duplicate(f"status.conditions[{index}].type", kind) for index, kind in unique(kinds)]
        missing = [index for index, kind in enumerate(kinds) if not kind]
        return causes + [required(f"status.conditions[{index}].type", "must not be empty") for index in missing]


class FlowSchemaStrategy(FlowControlStrategy):
    columns = columns("PriorityLevel", "MatchingPrecedence", "DistinguisherMethod", "Age", "MissingPL")

    def default(self, obj: Object) -> None:
        fill(obj["spec"], "matchingPrecedence", 1000)

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        precedence, path = spec.get("matchingPrecedence", 0), "spec.matchingPrecedence"
        causes: list[Cause] = []
        if precedence <= 0:
            causes.append(invalid(path, precedence, "must be a positive value"))
        if precedence > _MAX_PRECEDENCE:
            causes.append(invalid(path, precedence, f"must not be greater than {_MAX_PRECEDENCE}"))
        if precedence == 1 and name_of(obj) != "exempt":
            text = "only the schema named 'exempt' may have matchingPrecedence 1"
            causes.append(invalid(path, precedence, text))
        method = spec.get("distinguisherMethod")
        if method is not None:
            methods = ("ByNamespace", "ByUser")
            causes += optional_one_of(method.get("type", ""), methods, "spec.distinguisherMethod.type")
        level, path = (spec.get("priorityLevelConfiguration") or {}).get("name", ""), "spec.priorityLevelConfiguration"
        if level:
            causes += problems(is_dns_subdomain(level), level, f"{path}.name")
        else:
            causes.append(required(f"{path}.name", "must reference a priority level"))
        for index, rule in enumerate(spec.get("rules") or ()):
            causes += _policy_rules(rule, f"spec.rules[{index}]")
        return causes

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        method = spec.get("distinguisherMethod")
        conditions = (obj.get("status") or {}).get("conditions") or ()
        dangling = next((c.get("status", "?") for c in conditions if c.get("type") == "Dangling"), "?")
        return [
            name_of(obj),
            (spec.get("priorityLevelConfiguration") or {}).get("name", ""),
            spec.get("matchingPrecedence", 0),
            method["type"] if method else "<none>",
            age(obj),
            dangling,
        ]


def _policy_rules(rule: Spec, path: str) -> list[Cause]:
    """Whose requests for what belong to the schema."""
    subjects, resources, urls = (rule.get(name) or [] for name in ("subjects", "resourceRules", "nonResourceRules"))
    causes = [] if subjects else [required(f"{path}.subjects", "subjects must contain at least one value")]
    for index, subject in enumerate(subjects):
        causes += _subject(subject, f"{path}.subjects[{index}]")
    if not resources and not urls:
        causes.append(required(path, "at least one of resourceRules and nonResourceRules has to be non-empty"))
    for index, one in enumerate(resources):
        causes += _resource_rule(one, f"{path}.resourceRules[{index}]")
    for index, one in enumerate(urls):
        causes += _url_rule(one, f"{path}.nonResourceRules[{index}]")
    return causes


def _subject(subject: Spec, path: str) -> list[Cause]:
    kind = subject.get("kind", "")
    if kind not in _SUBJECTS:
        return [not_supported(f"{path}.kind", kind, _SUBJECTS)]
    field = _SUBJECTS[kind]
    causes = [
        forbidden(f"{path}.{name}", f"{name} is forbidden when subject kind is not '{other}'")
        for other, name in _SUBJECTS.items()
        if other != kind and name in subject
    ]
    named, path = subject.get(field), f"{path}.{field}"
    if named is None:
        return [*causes, required(path, f"{field} is required when subject kind is '{kind}'")]
    name = named.get("name", "")
    if not name:
        causes.append(required(f"{path}.name"))
    if kind != "ServiceAccount":
        return causes
    namespace = named.get("namespace", "")
    if name not in ("", "*"):
        causes += problems(is_dns_subdomain(name), name, f"{path}.name")
    if not namespace:
        causes.append(required(f"{path}.namespace", "must specify namespace for service account"))
    return causes + (problems(is_dns_label(namespace), namespace, f"{path}.namespace") if namespace else [])


def _alone(values: list[str], what: str, field: str) -> list[Cause]:
    """A wildcard leaves nothing for others to say."""
    lonely = "*" not in values or len(values) == 1
    return [] if lonely else [invalid(field, values, f"if '*' is present, must not specify other {what}")]


def _verbs(rule: Spec, path: str) -> list[Cause]:
    verbs = rule.get("verbs") or []
    if not verbs:
        return [required(f"{path}.verbs", "verbs must contain at least one value")]
    if "*" in verbs:
        return _alone(verbs, "verbs", f"{path}.verbs")
    return [] if set(verbs) <= set(_VERBS) else [not_supported(f"{path}.verbs", verbs, _VERBS)]


def _resource_rule(rule: Spec, path: str) -> list[Cause]:
    causes = _verbs(rule, path)
    for field, one, others in (("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")):
        values = rule.get(field) or []
        if not values:
            causes.append(required(f"{path}.{field}", f"resource rules must supply at least one {one}"))
        causes += _alone(values, others, f"{path}.{field}")
    namespaces, path = rule.get("namespaces") or [], f"{path}.namespaces"
    if not namespaces and not rule.get("clusterScope"):
        text = "resource rules that are not cluster scoped must supply at least one namespace"
        causes.append(required(path, text))
    elif "*" in namespaces:
        causes += _alone(namespaces, "namespaces", path)
    else:
        start = "each member of this list must be '*' or a DNS-1123 label; "
        for index, name in enumerate(namespaces):
            causes += problems([start + text for text in is_dns_label(name)], name, f"{path}[{index}]")
    return causes


def _url_rule(rule: Spec, path: str) -> list[Cause]:
    causes, urls, path = _verbs(rule, path), rule.get("nonResourceURLs") or [], f"{path}.nonResourceURLs"
    if not urls:
        return [*causes, required(path, "nonResourceURLs must contain at least one value")]
    if "*" in urls:
        return causes + _alone(urls, "non-resource URLs", path)
    found = [(f"{path}[{index}]", url, _url_problem(url)) for index, url in enumerate(urls)]
    return causes + [invalid(field, url, problem) for field, url, problem in found if problem]


def _url_problem(url: str) -> str:
    if not url:
        return "must not be empty"
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    if url.count("*") > 1 or ("*" in url and not url.endswith("/*")):
        return "wildcard can only do suffix matching"
    return ""


class PriorityLevelConfigurationStrategy(FlowControlStrategy):
    columns = columns("Type", "NominalConcurrencyShares", "Queues", "HandSize", "QueueLengthLimit", "Age")

    def default(self, obj: Object) -> None:
        spec = obj["spec"]
        if (limited := spec.get("limited")) is not None:
            if limited.get("nominalConcurrencyShares") is None:
                limited["nominalConcurrencyShares"] = 30
            limited.setdefault("lendablePercent", 0)
            queuing = (limited.get("limitResponse") or {}).get("queuing")
            if queuing is not None:
                fill(queuing, "queues", 64)
                fill(queuing, "handSize", 8)
                fill(queuing, "queueLengthLimit", 50)
        if (exempt := spec.get("exempt")) is not None:
            exempt.setdefault("nominalConcurrencyShares", 0)
            exempt.setdefault("lendablePercent", 0)

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        kind, limited, exempt = spec.get("type", ""), spec.get("limited"), spec.get("exempt")
        causes: list[Cause] = []
        if (name_of(obj) == "exempt") != (kind == "Exempt"):
            causes.append(invalid("spec.type", kind, "type must be 'Exempt' if and only if name is 'exempt'"))
        if kind not in ("Exempt", "Limited"):
            return [*causes, not_supported("spec.type", kind, ("Exempt", "Limited"))]
        if kind == "Exempt":
            if limited is not None:
                causes.append(forbidden("spec.limited", "must be nil if the type is not Limited"))
            return causes + (_shares(exempt, "spec.exempt", lowest=0) if exempt is not None else [])
        if exempt is not None:
            causes.append(forbidden("spec.exempt", "must be nil if the type is Limited"))
        if limited is None:
            return [*causes, required("spec.limited", "must not be empty when type is Limited")]
        return causes + _limited(limited, "spec.limited")

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        limited = spec.get("limited") or {}
        queuing = (limited.get("limitResponse") or {}).get("queuing") or {}
        numbers = [queuing.get(name, "<none>") for name in ("queues", "handSize", "queueLengthLimit")]
        shares = limited.get("nominalConcurrencyShares", "<none>")
        return [name_of(obj), spec.get("type", ""), shares, *numbers, age(obj)]


def _shares(level: Spec, path: str, *, lowest: int) -> list[Cause]:
    shares = level.get("nominalConcurrencyShares", 0)
    causes: list[Cause] = []
    if shares < lowest:
        causes.append(invalid(f"{path}.nominalConcurrencyShares", shares, "must be a non-negative integer"))
    return causes + in_range(level.get("lendablePercent", 0), 0, 100, f"{path}.lendablePercent")


def _limited(limited: Spec, path: str) -> list[Cause]:
    causes = _shares(limited, path, lowest=0)
    borrowing = limited.get("borrowingLimitPercent")
    if borrowing is not None and borrowing < 0:
        text = "if specified, must be a non-negative integer"
        causes.append(invalid(f"{path}.borrowingLimitPercent", borrowing, text))
    response, path = limited.get("limitResponse") or {}, f"{path}.limitResponse"
    kind, queuing = response.get("type", ""), response.get("queuing")
    if kind not in ("Queue", "Reject"):
        return [*causes, not_supported(f"{path}.type", kind, ("Queue", "Reject"))]
    if kind == "Reject":
        text = "must be nil if limited.limitResponse.type is not Limited"
        return causes + ([] if queuing is None else [forbidden(f"{path}.queuing", text)])
    if queuing is None:
        text = "must not be empty if limited.limitResponse.type is Limited"
        return [*causes, required(f"{path}.queuing", text)]
    return causes + _queuing(queuing, f"{path}.queuing")


def _queuing(queuing: Spec, path: str) -> list[Cause]:
    length, queues, hand = (queuing.get(name, 0) for name in ("queueLengthLimit", "queues", "handSize"))
    causes: list[Cause] = []
    if length <= 0:
        causes.append(invalid(f"{path}.queueLengthLimit", length, "must be positive"))
    if queues <= 0:
        causes.append(invalid(f"{path}.queues", queues, "must be positive"))
    elif queues > _MAX_QUEUES:
        causes.append(invalid(f"{path}.queues", queues, f"must not be greater than {_MAX_QUEUES}"))
    if hand <= 0:
        causes.append(invalid(f"{path}.handSize", hand, "must be positive"))
    elif hand > queues:
        causes.append(invalid(f"{path}.handSize", hand, f"should not be greater than queues ({queues})"))
    elif _entropy(queues, hand) > _MAX_HASH_BITS:
        drawn = f"required entropy bits of deckSize {queues} and handSize {hand}"
        causes.append(invalid(f"{path}.handSize", hand, f"{drawn} should not be greater than {_MAX_HASH_BITS}"))
    return causes


def _entropy(deck: int, hand: int) -> int:
    """Bits that it takes to deal a hand: ``shufflesharding.RequiredEntropyBits``."""
    return -int(-sum(log2(deck - dealt) for dealt in range(hand)) // 1)
