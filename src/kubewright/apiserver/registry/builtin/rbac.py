"""Roles, ClusterRoles and their bindings.

After ``pkg/apis/rbac`` (defaults, validation); escalation is checked by `apiserver/auth`.
"""

from __future__ import annotations

from typing import Any

from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, age, columns, name_of, same
from kubewright.apiserver.registry.builtin.field_rules import label_selector, problems
from kubewright.apiserver.registry.metadata_rules import is_dns_subdomain, path_segment
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import invalid, not_supported, required

GROUP = "rbac.authorization.k8s.io"


class RoleStrategy(BuiltinStrategy):
    allow_create_on_update = True
    columns = columns("Created At:date")
    update_checks_metadata_twice = True

    def name_rule(self, name: str, prefix: bool) -> list[str]:
        return path_segment(name, prefix)

    def rules(self, obj: Object) -> list[Cause]:
        causes: list[Cause] = []
        for index, rule in enumerate(obj.get("rules") or ()):
            causes += validate_policy_rule(rule, namespaced=self.namespaced, path=f"rules[{index}]")
        return causes

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), obj["metadata"].get("creationTimestamp")]


def validate_policy_rule(rule: Object, *, namespaced: bool, path: str) -> list[Cause]:
    causes: list[Cause] = []
    if not rule.get("verbs"):
        causes.append(required(f"{path}.verbs", "verbs must contain at least one value"))
    urls = rule.get("nonResourceURLs")
    if urls:
        if namespaced:
            text = "namespaced rules cannot apply to non-resource URLs"
            causes.append(invalid(f"{path}.nonResourceURLs", urls, text))
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            text = "rules cannot apply to both regular resources and non-resource URLs"
            causes.append(invalid(f"{path}.nonResourceURLs", urls, text))
        return causes
    if not rule.get("apiGroups"):
        causes.append(required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
    if not rule.get("resources"):
        causes.append(required(f"{path}.resources", "resource rules must supply at least one resource"))
    return causes


class ClusterRoleStrategy(RoleStrategy):
    def rules(self, obj: Object) -> list[Cause]:
        causes = super().rules(obj)
        aggregation = obj.get("aggregationRule")
        if aggregation is not None:
            selectors = aggregation.get("clusterRoleSelectors") or []
            path = "aggregationRule.clusterRoleSelectors"
            if not selectors:
                text = "at least one clusterRoleSelector required if aggregationRule is non-nil"
                causes.append(required(path, text))
            for index, selector in enumerate(selectors):
                causes += label_selector(selector, f"{path}[{index}]")
        return causes


class RoleBindingStrategy(BuiltinStrategy):
    allow_create_on_update = True
    columns = columns("Role", "Age", wide=("Users", "Groups", "ServiceAccounts"))
    update_checks_metadata_twice = True
    role_kinds: tuple[str, ...] = ("Role", "ClusterRole")

    def name_rule(self, name: str, prefix: bool) -> list[str]:
        return path_segment(name, prefix)

    def default(self, obj: Object) -> None:
        if not obj["roleRef"].get("apiGroup"):
            obj["roleRef"]["apiGroup"] = GROUP
        for subject in obj.get("subjects") or ():
            if subject.get("kind") in ("User", "Group") and not subject.get("apiGroup"):
                subject["apiGroup"] = GROUP

    def rules(self, obj: Object) -> list[Cause]:
        reference = obj["roleRef"]
        causes: list[Cause] = []
        if reference.get("apiGroup") != GROUP:
            causes.append(not_supported("roleRef.apiGroup", reference.get("apiGroup", ""), [GROUP]))
        if reference.get("kind") not in self.role_kinds:
            causes.append(not_supported("roleRef.kind", reference.get("kind", ""), self.role_kinds))
        name = reference.get("name", "")
        causes += problems(path_segment(name, False), name, "roleRef.name") if name else [required("roleRef.name")]
        for index, subject in enumerate(obj.get("subjects") or ()):
            causes += self._subject(subject, f"subjects[{index}]")
        return causes

    def _subject(self, subject: Object, path: str) -> list[Cause]:
        name, kind, group = subject.get("name", ""), subject.get("kind", ""), subject.get("apiGroup", "")
        causes = [] if name else [required(f"{path}.name")]
        match kind:
            case "ServiceAccount":
                if name:
                    causes += problems(is_dns_subdomain(name), name, f"{path}.name")
                if group:
                    causes.append(not_supported(f"{path}.apiGroup", group, [""]))
                if not self.namespaced and not subject.get("namespace"):
                    causes.append(required(f"{path}.namespace"))
            case "User" | "Group":
                if group != GROUP:
                    causes.append(not_supported(f"{path}.apiGroup", group, [GROUP]))
            case _:
                causes.append(not_supported(f"{path}.kind", kind, ["ServiceAccount", "User", "Group"]))
        return causes

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        causes = self.rules(obj)
        if not same(obj["roleRef"], old["roleRef"]):
            causes.append(invalid("roleRef", obj["roleRef"], "cannot change roleRef"))
        return causes

    def cells(self, obj: Object) -> list[Any]:
        by_kind: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
        for subject in obj.get("subjects") or ():
            name = subject.get("name", "")
            if subject.get("kind") == "ServiceAccount":
                name = f"{subject.get('namespace', '')}/{name}"
            by_kind.setdefault(subject.get("kind", ""), []).append(name)
        role = f"{obj['roleRef'].get('kind', '')}/{obj['roleRef'].get('name', '')}"
        subjects = [", ".join(by_kind[kind]) for kind in ("User", "Group", "ServiceAccount")]
        return [name_of(obj), role, age(obj), *subjects]


class ClusterRoleBindingStrategy(RoleBindingStrategy):
    role_kinds = ("ClusterRole",)
