"""Which writes a policy or a binding is about: its rules and exclusions, and the two selectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubewright.apiserver.admission.attributes import Attributes, Versions
from kubewright.apiserver.admission.rules import Constraints, Target

_EVERYTHING = {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}


class MatchResources:
    """``matchConstraints`` of a policy or ``matchResources`` of a binding; without rules every resource matches."""

    __slots__ = ("_excluded", "_included")

    def __init__(self, raw: Mapping[str, Any] | None) -> None:
        raw = raw or {}
        self._included = Constraints(raw, raw.get("resourceRules") or [_EVERYTHING])
        excluded = raw.get("excludeResourceRules")
        policy = {"matchPolicy": raw.get("matchPolicy", "Equivalent")}
        self._excluded = Constraints(policy, excluded) if excluded else None

    def match(self, attributes: Attributes, versions: Versions) -> Target | None:
        """The name under which a write matched, or None.

        :raises NotFound: the rules match, but the request's namespace does not exist.
        """
        if self._excluded is not None and self._excluded.match(attributes, versions) is not None:
            return None
        return self._included.match(attributes, versions)
