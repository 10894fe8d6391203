"""The conditions of a CustomResourceDefinition: whether its names are free, its group approved, and it is served.

CRD objects come in, the status that they should have goes out; the rules are those of the naming, establishing and
approval controllers of ``k8s.io/apiextensions-apiserver``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from kubewright.apiserver.registry.strategy import Object

APPROVAL = "api-approved.kubernetes.io"
CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"

_APPROVAL_PULL = "see https://github.com/kubernetes/enhancements/pull/1111"


def condition(crd: Object, kind: str) -> Object | None:
    """One of the conditions of a CRD."""
    found = crd.get("status", {}).get("conditions") or ()
    return next((one for one in found if one["type"] == kind), None)


def is_true(crd: Object, kind: str) -> bool:
    found = condition(crd, kind)
    return found is not None and found["status"] == "True"


def set_condition(crd: Object, kind: str, status: str, reason: str, message: str, now: str) -> None:
    """Set a condition, where it stands; its time changes only with its status."""
    old = condition(crd, kind)
    changed = old is None or old["status"] != status
    new = {
        "type": kind,
        "status": status,
        "lastTransitionTime": now if changed or old is None else old["lastTransitionTime"],
        "reason": reason,
        "message": message,
    }
    conditions = crd["status"].get("conditions") or []
    kept = [new if one["type"] == kind else one for one in conditions]
    crd["status"]["conditions"] = kept if old is not None else [*kept, new]


def settle(crd: Object, others: Iterable[Object], now: str) -> None:
    """Bring the status of a CRD up to date, in place.

    :param others: the other CRDs of its group.
    """
    problem = _accept_names(crd, others)
    if problem:
        set_condition(crd, "NamesAccepted", "False", *problem, now)
        if not is_true(crd, "Established"):
            set_condition(crd, "Established", "False", "NotAccepted", "not all names are accepted", now)
    else:
        set_condition(crd, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now)
        if not is_true(crd, "Established"):
            text = "the initial names have been accepted"
            set_condition(crd, "Established", "True", "InitialNamesAccepted", text, now)
    if is_protected_group(crd["spec"]["group"]):
        set_condition(crd, "KubernetesAPIApprovalPolicyConformant", *approval(crd), now)


def is_protected_group(group: str) -> bool:
    """Whether the group belongs to the Kubernetes community."""
    return group in ("k8s.io", "kubernetes.io") or group.endswith((".k8s.io", ".kubernetes.io"))


def _accept_names(crd: Object, others: Iterable[Object]) -> tuple[str, str] | None:
    """Take over the names that are free; gives reason and message of the last conflict."""
    resources, kinds = set(), set()
    for other in (*others, crd):  # Kubernetes counts in what the CRD has itself.
        taken = other.get("status", {}).get("acceptedNames") or {}
        resources |= {taken.get("plural"), taken.get("singular"), *(taken.get("shortNames") or ())}
        kinds |= {taken.get("kind"), taken.get("listKind")}
    wanted: dict[str, Any] = crd["spec"]["names"]
    accepted: dict[str, Any] = dict(crd["status"].get("acceptedNames") or {})
    had_short_names = set(accepted.get("shortNames") or ())
    problem = None
    for field, reason, used in (
        ("plural", "PluralConflict", resources),
        ("singular", "SingularConflict", resources),
        ("shortNames", "ShortNamesConflict", resources),
        ("kind", "KindConflict", kinds),
        ("listKind", "ListKindConflict", kinds),
    ):
        if field == "shortNames":
            names = [name for name in wanted.get(field) or () if name not in had_short_names]
        else:
            names = [wanted[field]] if wanted.get(field) and wanted.get(field) != accepted.get(field) else []
        clashes = [f'"{name}" is already in use' for name in names if name in used]
        if clashes:
            problem = (reason, clashes[0] if len(clashes) == 1 else f"[{', '.join(clashes)}]")
        else:
            _take(accepted, wanted, field)
    _take(accepted, wanted, "categories")
    crd["status"]["acceptedNames"] = {"plural": "", "kind": "", **accepted}
    return problem


def _take(accepted: dict[str, Any], wanted: dict[str, Any], field: str) -> None:
    if wanted.get(field):
        accepted[field] = wanted[field]
    else:
        accepted.pop(field, None)


def approval(crd: Object) -> tuple[str, str, str]:
    """Status, reason and message of the condition that tells whether the API of a protected group is approved."""
    text = (crd["metadata"].get("annotations") or {}).get(APPROVAL, "")
    needed = f'protected groups must have approval annotation "{APPROVAL}"'
    if not text:
        return "False", "MissingAnnotation", f"{needed}, {_APPROVAL_PULL}"
    if text.startswith("unapproved"):
        return "False", "UnapprovedAnnotation", f'not approved: "{text}"'
    parts = urlsplit(text)
    if parts.scheme and parts.netloc:
        return "True", "ApprovedAnnotation", f"approved in {text}"
    wanted = 'with either a URL or a reason starting with "unapproved"'
    return "False", "InvalidAnnotation", f"{needed} {wanted}, {_APPROVAL_PULL}"
