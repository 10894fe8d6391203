"""Which requests a webhook or an admission policy is asked about: rules, scope, and the two label selectors.

A configuration's ``rules``, ``matchPolicy``, ``namespaceSelector`` and ``objectSelector`` go in once; for every write
the resource and kind under which it matched come out, or None.  Semantics:
`k8s.io/apiserver/pkg/admission/plugin/webhook`, packages ``predicates/rules``, ``/namespace`` and ``/object``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from kubewright.apiserver.admission.attributes import Attributes, Versions
from kubewright.objects.errors import NotFound
from kubewright.objects.names import GroupResource, GroupVersionKind, GroupVersionResource
from kubewright.objects.selectors import LabelSelector

_NAMESPACES = GroupResource("", "namespaces")

_CONFIGURATION = frozenset(
    GroupResource("admissionregistration.k8s.io", resource)
    for resource in (
        "validatingwebhookconfigurations",
        "mutatingwebhookconfigurations",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
    )
)


class Target(NamedTuple):
    """Under which name a request matched: its own, or an equivalent one that the object is to be converted to."""

    resource: GroupVersionResource
    kind: GroupVersionKind


class Rule:
    """One entry of ``rules[]``, prepared for comparing."""

    __slots__ = ("groups", "names", "operations", "resources", "scope", "versions")

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.operations = frozenset(raw.get("operations") or ())
        self.groups = frozenset(raw.get("apiGroups") or ())
        self.versions = frozenset(raw.get("apiVersions") or ())
        self.resources = [tuple(text.partition("/")[::2]) for text in raw.get("resources") or ()]
        self.scope = raw.get("scope") or "*"
        # Only the rules of policies have these.
        self.names = frozenset(raw.get("resourceNames") or ())

    def matches(self, attributes: Attributes, resource: GroupVersionResource) -> bool:
        """Whether the rule names this operation on ``resource``, which is the request's or an equivalent one."""
        return (
            _named(attributes.operation, self.operations)
            and _named(resource.group, self.groups)
            and _named(resource.version, self.versions)
            and self._in_scope(attributes)
            and (not self.names or attributes.name in self.names)
            and any(
                name in ("*", resource.resource) and sub in ("*", attributes.subresource)
                for name, sub in self.resources
            )
        )

    def _in_scope(self, attributes: Attributes) -> bool:
        if self.scope == "*":
            return True
        # A namespace is itself cluster-scoped, though its requests carry a namespace: its own.
        namespaced = bool(attributes.namespace) and attributes.resource.group_resource != _NAMESPACES
        return namespaced == (self.scope == "Namespaced")


class Constraints:
    """Everything that decides whether a configuration concerns a request, but CEL conditions.

    :param raw: an object with ``matchPolicy``, ``namespaceSelector`` and ``objectSelector``: a webhook, or a policy's
        ``matchConstraints``.
    :param rules: its rules; a policy keeps them under another key than a webhook.
    """

    __slots__ = ("equivalent", "namespaces", "objects", "rules")

    def __init__(self, raw: Mapping[str, Any], rules: Iterable[Mapping[str, Any]]) -> None:
        self.rules = [Rule(rule) for rule in rules]
        self.equivalent = raw.get("matchPolicy", "Equivalent") == "Equivalent"
        self.namespaces = LabelSelector.from_object(raw.get("namespaceSelector"))
        self.objects = LabelSelector.from_object(raw.get("objectSelector"))

    def match(self, attributes: Attributes, versions: Versions) -> Target | None:
        """The name under which the request matched, or None.

        :raises NotFound: the rules match, but the request's namespace, whose labels matter, does not exist.
        """
        if not self._matches_object(attributes):
            return None
        # The namespace is looked up last: a request that no rule names must not fail over a missing namespace.
        target = self._target(attributes, versions)
        return target if target is not None and self._matches_namespace(attributes) else None

    def _target(self, attributes: Attributes, versions: Versions) -> Target | None:
        if any(rule.matches(attributes, attributes.resource) for rule in self.rules):
            return Target(attributes.resource, attributes.kind)
        if not self.equivalent or not any(_named(attributes.operation, rule.operations) for rule in self.rules):
            return None
        equivalents = versions.equivalents(attributes.resource, attributes.subresource)
        for rule in self.rules:
            for resource, kind in equivalents:
                if resource != attributes.resource and rule.matches(attributes, resource):
                    return Target(resource, kind)
        return None

    def _matches_object(self, attributes: Attributes) -> bool:
        """On an update the old labels count as much as the new: nobody leaves a guard by dropping a label."""
        if not self.objects:
            return True
        return any(
            obj is not None and self.objects.matches((obj.get("metadata") or {}).get("labels"))
            for obj in (attributes.obj, attributes.old)
        )

    def _matches_namespace(self, attributes: Attributes) -> bool:
        if not self.namespaces:
            return True
        of_namespace = attributes.resource.group_resource == _NAMESPACES
        name = attributes.namespace or (attributes.name if of_namespace else "")
        if not name and not of_namespace:
            return True
        if of_namespace and not attributes.subresource and attributes.operation in ("CREATE", "UPDATE"):
            namespace: Mapping[str, Any] | None = attributes.obj
        else:
            namespace = attributes.reader.view("", "namespaces", "", name)
        if namespace is None:
            raise NotFound.of(_NAMESPACES, name)
        return self.namespaces.matches((namespace.get("metadata") or {}).get("labels"))


def is_exempt(attributes: Attributes) -> bool:
    """Whether the write is to the configuration of admission itself, which no webhook or policy may lock."""
    return attributes.resource.group_resource in _CONFIGURATION


def _named(value: str, names: frozenset[str]) -> bool:
    return "*" in names or value in names
