"""Nobody may hand out rights that he does not have: the checks on writes of roles and bindings.

The new object, the old one and the writer go in; nothing or a Forbidden error comes out.  Semantics:
pkg/registry/rbac (policybased storage).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.auth import policy_rules
from kubewright.apiserver.auth.authorizer import MASTERS
from kubewright.apiserver.auth.policy_rules import Rule
from kubewright.apiserver.auth.rbac import GROUP, RBAC
from kubewright.apiserver.registry.strategy import Object
from kubewright.apiserver.request import RequestInfo, UserInfo
from kubewright.objects.errors import Forbidden, NotFound, resource_details
from kubewright.objects.names import GroupResource

ROLES: Final = ("roles", "clusterroles")
BINDINGS: Final = ("rolebindings", "clusterrolebindings")

_EVERYTHING: Final = (
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
)


class EscalationGuard:
    """The checks as an admission stage."""

    def __init__(self, rbac: RBAC) -> None:
        self._rbac = rbac

    async def validate(self, attributes: Attributes) -> None:
        """:raises Forbidden: a role or binding would grant rights that its writer does not have."""
        if attributes.resource.group == GROUP and attributes.obj is not None:
            check(self._rbac, attributes.user, attributes.resource.resource, attributes.obj, attributes.old)


def check(rbac: RBAC, user: UserInfo, resource: str, new: Object, old: Object | None) -> None:
    """Check the writing of a role or binding; other resources of the group need none.

    :param resource: ``roles``, ``clusterroles``, ``rolebindings`` or ``clusterrolebindings``.
    :raises Forbidden: it would grant rights that the writer does not have.
    :raises NotFound: a binding's role is not there, so what it would grant is unknown.
    """
    if MASTERS in user.groups:
        return
    if resource in ROLES:
        _check_role(rbac, user, resource, new, old)
    elif resource in BINDINGS:
        _check_binding(rbac, user, resource, new, old)


def _check_role(rbac: RBAC, user: UserInfo, resource: str, new: Object, old: Object | None) -> None:
    metadata = new["metadata"]
    if old is not None and all(old.get(part) == new.get(part) for part in ("rules", "aggregationRule")):
        return
    asked = metadata if old is not None else {**metadata, "name": ""}  # A creation's URL names no object.
    if _may(rbac, user, "escalate", resource, asked):
        return
    if new.get("aggregationRule") and _excess(rbac, user, metadata, _EVERYTHING):
        target, name = GroupResource(GROUP, resource), metadata.get("name") or ""
        raise Forbidden(
            f'{target} "{name}" is forbidden: must have cluster-admin privileges to use an aggregationRule',
            details=resource_details(target, name),
        )
    _require_covered(rbac, user, resource, metadata, new.get("rules") or ())


def _check_binding(rbac: RBAC, user: UserInfo, resource: str, new: Object, old: Object | None) -> None:
    if old is not None and old.get("subjects") == new.get("subjects") and old.get("roleRef") == new.get("roleRef"):
        return
    metadata, reference = new["metadata"], new["roleRef"]
    roles = "clusterroles" if reference["kind"] == "ClusterRole" else "roles"
    namespace = metadata.get("namespace") or ""
    if _may(rbac, user, "bind", roles, {"name": reference["name"], "namespace": namespace}):
        return
    rules = rbac.role_rules(reference["kind"], reference["name"], namespace)
    if rules is None:
        raise NotFound.of(GroupResource(GROUP, roles[:-1]), reference["name"])
    _require_covered(rbac, user, resource, metadata, rules)


def _may(rbac: RBAC, user: UserInfo, verb: str, resource: str, metadata: Object) -> bool:
    request = RequestInfo(
        verb=verb,
        path="",
        is_resource=True,
        group=GROUP,
        version="*",
        resource=resource,
        namespace=metadata.get("namespace") or "",
        name=metadata.get("name") or "",
    )
    return rbac.authorize(user, request).allowed


def _excess(rbac: RBAC, user: UserInfo, metadata: Object, rules: Sequence[Any]) -> list[dict[str, list[str]]]:
    """What rules in the object's namespace would grant that the user does not have there."""
    owned = [Rule.parse(rule) for rule in rbac.rules(user, metadata.get("namespace") or "")]
    return policy_rules.compact(policy_rules.uncovered(owned, rules))


def _require_covered(rbac: RBAC, user: UserInfo, resource: str, metadata: Object, rules: Sequence[Any]) -> None:
    excess = _excess(rbac, user, metadata, rules)
    if not excess:
        return
    lines = "\n".join(sorted(map(policy_rules.describe, excess)))
    name = metadata.get("name") or ""
    target = GroupResource(GROUP, resource)
    raise Forbidden(
        f'{target} "{name}" is forbidden: user "{user.name}" (groups={policy_rules.quoted(user.groups)}) '
        f"is attempting to grant RBAC permissions not currently held:\n{lines}",
        details=resource_details(target, name),
    )
