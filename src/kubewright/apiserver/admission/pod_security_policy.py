"""What the labels of a namespace ask of its pods: a level and a version for each mode of Pod Security.

In go labels, out come a policy, and what is wrong with them; after ``k8s.io/pod-security-admission/api/helpers.go``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import invalid

PREFIX = "pod-security.kubernetes.io/"
LEVELS = ("privileged", "baseline", "restricted")
"""From the most lenient to the strictest."""
_VERSION = re.compile(r"v1\.(0|[1-9][0-9]*)")


class Standard(NamedTuple):
    """One of the Pod Security Standards, as of a version of Kubernetes."""

    level: str = "privileged"
    version: str = "latest"

    def __str__(self) -> str:
        return f"{self.level}:{self.version}"

    def stricter_than(self, other: Standard) -> bool:
        return LEVELS.index(self.level) > LEVELS.index(other.level)


class Policy(NamedTuple):
    """What is refused, what is audited, and what is warned of."""

    enforce: Standard = Standard()
    audit: Standard = Standard()
    warn: Standard = Standard()


def policy_of(labels: Mapping[str, str]) -> tuple[Policy, list[Cause]]:
    """The policy that labels ask for, and what is wrong with them.

    A level that there is not counts as the strictest where it is enforced, and as none where it is only told of.
    """
    enforce = _standard(labels, "enforce", unknown="restricted")
    warn = _standard(labels, "warn", unknown="privileged")
    asked = labels.get(f"{PREFIX}enforce") in LEVELS
    if f"{PREFIX}warn" not in labels and asked and enforce.stricter_than(warn):
        # Who makes pods by a template should hear of what will be refused.
        warn = Standard(enforce.level, warn.version if f"{PREFIX}warn-version" in labels else enforce.version)
    return Policy(enforce, _standard(labels, "audit", unknown="privileged"), warn), _problems(labels)


def _standard(labels: Mapping[str, str], mode: str, *, unknown: str) -> Standard:
    level = labels.get(PREFIX + mode, "privileged")
    version = labels.get(f"{PREFIX}{mode}-version", "latest")
    return Standard(level if level in LEVELS else unknown, version if _VERSION.fullmatch(version) else "latest")


def _problems(labels: Mapping[str, str]) -> list[Cause]:
    causes = []
    for mode in ("enforce", "audit", "warn"):
        level, version = PREFIX + mode, f"{PREFIX}{mode}-version"
        if labels.get(level, "privileged") not in LEVELS:
            text = f"must be one of {', '.join(LEVELS)}"
            causes.append(invalid(f"metadata.labels[{level}]", labels[level], text))
        if (given := labels.get(version, "latest")) != "latest" and not _VERSION.fullmatch(given):
            causes.append(invalid(f"metadata.labels[{version}]", given, 'must be "latest" or "v1.x"'))
    return causes
