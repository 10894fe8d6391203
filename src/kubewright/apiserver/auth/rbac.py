"""Role-based access control: roles and bindings, read from the store, answer who may do what.

The first question after a change builds an index from subjects to their rules; every further one is a few look-ups in
sets.  Semantics: plugin/pkg/auth/authorizer/rbac.  ClusterRoles with an aggregation rule hold the rules of the roles it
selects whether or not a controller has written them there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from kubewright.apiserver.auth.authorizer import MASTERS, Decision
from kubewright.apiserver.auth.policy_rules import Rule
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.apiserver.request import RequestInfo, UserInfo
from kubewright.objects.selectors import LabelSelector

GROUP: Final = "rbac.authorization.k8s.io"


class Grant(NamedTuple):
    """What a binding gives one of its subjects; ``missing`` names the role where there is none."""

    description: str
    raw: list[Object]
    rules: tuple[Rule, ...]
    missing: str = ""


@dataclass
class _Grants:
    """The grants of one namespace, or of the whole cluster, by subject."""

    users: dict[str, list[Grant]] = field(default_factory=dict)
    groups: dict[str, list[Grant]] = field(default_factory=dict)

    def add(self, subject: Mapping[str, Any], namespace: str, grant: Grant) -> None:
        name = subject.get("name") or ""
        match subject.get("kind"):
            case "User":
                self.users.setdefault(name, []).append(grant)
            case "Group":
                self.groups.setdefault(name, []).append(grant)
            case "ServiceAccount":
                account = f"system:serviceaccount:{subject.get('namespace') or namespace}:{name}"
                self.users.setdefault(account, []).append(grant)

    def of(self, user: UserInfo) -> Iterator[Grant]:
        yield from self.users.get(user.name, ())
        for group in user.groups:
            yield from self.groups.get(group, ())


class RBAC:
    """Decides by the roles and bindings of one logical cluster.

    :param reader: gives the stored objects of ``rbac.authorization.k8s.io``.
    :param version: tells whether any of them was written since it was last asked, by giving another number.
    """

    def __init__(self, reader: Reader, version: Callable[[], int]) -> None:
        self._reader = reader
        self._version = version
        self._indexed = -1
        self._index: dict[str, _Grants] = {}

    def authorize(self, user: UserInfo, request: RequestInfo) -> Decision:
        if MASTERS in user.groups:
            return Decision(True)
        missing = []
        for grant in self.grants(user, request.namespace):
            if grant.missing:
                missing.append(grant.missing)
            for rule in grant.rules:
                if rule.allows(request):
                    return Decision(True, f"RBAC: allowed by {grant.description}")
        return Decision(False, f"RBAC: {_joined(missing)}" if missing else "")

    def grants(self, user: UserInfo, namespace: str) -> Iterator[Grant]:
        """All that bindings give a user in a namespace; in none, only what holds for the whole cluster."""
        version = self._version()
        if version != self._indexed:
            self._index, self._indexed = self._read(), version
        index = self._index
        yield from index[""].of(user)
        if namespace and namespace in index:
            yield from index[namespace].of(user)

    def rules(self, user: UserInfo, namespace: str) -> list[Object]:
        """All PolicyRules that hold for a user in a namespace, by the roles bound to him."""
        return [rule for grant in self.grants(user, namespace) for rule in grant.raw]

    def role_rules(self, kind: str, name: str, namespace: str) -> list[Object] | None:
        """The PolicyRules of a role; None where there is no such role."""
        if kind == "ClusterRole":
            role = self._reader.get(GROUP, "clusterroles", "", name)
            return None if role is None else self._with_aggregated(role)
        role = self._reader.get(GROUP, "roles", namespace, name)
        return None if role is None else role.get("rules") or []

    def _with_aggregated(self, role: Object) -> list[Object]:
        rules: list[Object] = list(role.get("rules") or ())
        selectors = (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()
        if selectors:
            wanted = [LabelSelector.from_object(selector) for selector in selectors]
            for other in self._reader.list(GROUP, "clusterroles"):
                labels = other["metadata"].get("labels")
                if other["metadata"]["name"] != role["metadata"]["name"] and any(s.matches(labels) for s in wanted):
                    rules += [rule for rule in self._with_aggregated(other) if rule not in rules]
        return rules

    def _read(self) -> dict[str, _Grants]:
        roles: dict[tuple[str, str, str], tuple[list[Object], tuple[Rule, ...]] | None] = {}
        index: dict[str, _Grants] = {"": _Grants()}
        bindings = [("ClusterRoleBinding", binding) for binding in self._reader.list(GROUP, "clusterrolebindings")]
        bindings += [("RoleBinding", binding) for binding in self._reader.list(GROUP, "rolebindings")]
        for kind, binding in bindings:
            metadata, reference = binding["metadata"], binding["roleRef"]
            namespace = metadata.get("namespace") or ""
            key = (reference["kind"], reference["name"], namespace if reference["kind"] == "Role" else "")
            if key not in roles:
                raw = self.role_rules(*key)
                roles[key] = None if raw is None else (raw, tuple(map(Rule.parse, raw)))
            text = f'{kind} "{_display(metadata)}" of {reference["kind"]} "{reference["name"]}" to '
            found = roles[key]
            for subject in binding.get("subjects") or ():
                description = f'{text}{subject.get("kind")} "{_display(subject)}"'
                if found is None:
                    missing = f'{reference["kind"].lower()}.{GROUP} "{reference["name"]}" not found'
                    grant = Grant(description, [], (), missing)
                else:
                    grant = Grant(description, *found)
                index.setdefault(namespace, _Grants()).add(subject, namespace, grant)
        return index


def _display(named: Object) -> str:
    """``name/namespace``, as kube-apiserver shows it in reasons."""
    name, namespace = named.get("name") or "", named.get("namespace")
    return f"{name}/{namespace}" if namespace else name


def _joined(texts: Iterable[str]) -> str:
    """Several errors as Go aggregates them."""
    distinct = list(dict.fromkeys(texts))
    return distinct[0] if len(distinct) == 1 else f"[{', '.join(distinct)}]"
