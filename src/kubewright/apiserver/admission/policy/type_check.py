"""Whether a policy's expressions fit the kinds that it matches: warnings for ``status.typeChecking``.

The policy is in force all the same.  Which kinds are looked at, and the wording, follow
``k8s.io/apiserver/pkg/admission/plugin/policy/validating/typechecking.go``; only validations and their message
expressions are looked at there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kubewright.apiserver.admission.policy.environment import Expression, PolicyEnvironment
from kubewright.apiserver.registry.builtin.definitions import definition_name, definitions
from kubewright.cel import Type
from kubewright.objects.names import GroupVersionKind, GroupVersionResource
from kubewright.schema.node import Node
from kubewright.schema.structural.declarations import declare

Raw = Mapping[str, Any]

_TEXT = {"type": "string"}
_METADATA = {"$ref": "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}

MAX_KINDS = 10
"""How many kinds one rule may have checked."""


def matched_resources(spec: Raw) -> list[list[GroupVersionResource]]:
    """What each resource rule names; rules with a wildcard and subresources name nothing that can be checked."""
    rules = (spec.get("matchConstraints") or {}).get("resourceRules") or ()
    return [list(_named(rule)) for rule in rules]


def _named(rule: Raw) -> Iterator[GroupVersionResource]:
    groups, versions = rule.get("apiGroups") or (), rule.get("apiVersions") or ()
    if any("*" in name for name in (*groups, *versions)):
        return
    resources = [name for name in rule.get("resources") or () if "*" not in name and "/" not in name]
    for group in sorted(groups):
        for version in sorted(versions):
            for resource in sorted(resources):
                yield GroupVersionResource(group, version, resource)


def kinds_to_check(
    spec: Raw, served: Iterable[tuple[GroupVersionResource, GroupVersionKind]]
) -> list[GroupVersionKind]:
    """The kinds that a policy names, in order, as far as they are served.

    As with Kubernetes' REST mapper, the core group's name stands for any group.
    """
    served = tuple(served)
    found: set[GroupVersionKind] = set()
    for rule in matched_resources(spec):
        count = 0
        for named in rule:
            for resource, kind in served:
                if resource[1:] == named[1:] and named.group in ("", resource.group):
                    found.add(kind)
                    count += 1
                    if count == MAX_KINDS:
                        return sorted(found)
    return sorted(found)


def builtin_type(kind: GroupVersionKind) -> Type | None:
    """The type of a built-in kind's objects.

    :raises KeyError: there is no such kind.
    """
    schema = {"$ref": definition_name(kind)}
    return declare(Node(_populated(schema, frozenset())), resource_root=True, name=kind.kind)


def custom_type(kind: GroupVersionKind, schema: Raw) -> Type | None:
    """The type of a custom kind's objects; None if the schema does not say what they are.

    :param schema: ``openAPIV3Schema`` of the kind's version.
    """
    properties = {**(schema.get("properties") or {}), "apiVersion": _TEXT, "kind": _TEXT, "metadata": _METADATA}
    published = _populated({**schema, "properties": properties}, frozenset())
    return declare(Node(published), resource_root=True, name=kind.kind)


def _populated(schema: Raw, within: frozenset[str]) -> Raw:
    """The schema with each reference replaced by what it names; what refers to itself is just an object."""
    name = _reference(schema)
    if name is not None:
        if name in within:
            return {"type": "object"}
        return _populated(definitions()[name].raw, within | {name})
    populated = dict(schema)
    kind = populated.get("type")
    if isinstance(kind, list):  # the data spells what may be left out as a choice with null
        populated["type"] = next((one for one in kind if one != "null"), None)
    if populated.get("properties"):
        properties = populated["properties"].items()
        populated["properties"] = {name: _populated(prop, within) for name, prop in properties}
    for place in ("items", "additionalProperties"):
        if isinstance(populated.get(place), Mapping):
            populated[place] = _populated(populated[place], within)
    return populated


def _reference(schema: Raw) -> str | None:
    found = next((one["$ref"] for one in (schema, *(schema.get("allOf") or ())) if "$ref" in one), None)
    return None if found is None else found.rpartition("/")[2]


def expression_warnings(
    spec: Raw, kinds: Sequence[tuple[GroupVersionKind, Type | None]], params: Type | None
) -> list[dict[str, str]]:
    """The ``expressionWarnings`` of a ValidatingAdmissionPolicy.

    :param kinds: what it matches, with the types of their objects; None is any.
    :param params: the type of its parameters; None is any.
    """
    environments = [(kind, _environment(spec, objects, params)) for kind, objects in kinds]
    warnings = []
    for index, validation in enumerate(spec.get("validations") or ()):
        for name in ("expression", "messageExpression"):
            source = validation.get(name)
            if not source:
                continue
            found = [(kind, environment.compile(source)) for kind, environment in environments]
            texts = [f"{kind}: {_issues(one)}\n" for kind, one in found if one.program is None]
            if texts:
                warnings.append({"fieldRef": f"spec.validations[{index}].{name}", "warning": "\n".join(texts)})
    return warnings


def _environment(spec: Raw, objects: Type | None, params: Type | None) -> PolicyEnvironment:
    environment = PolicyEnvironment(has_params=bool(spec.get("paramKind")), objects=objects, params=params)
    for variable in spec.get("variables") or ():
        environment.declare(variable["name"], variable["expression"])
    return environment


def _issues(expression: Expression) -> str:
    return expression.error.removeprefix("compilation failed: ")
