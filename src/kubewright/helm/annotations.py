"""What a single custom resource may ask of its release by annotations.

They are called as operator-sdk's and helm-operator-plugins' are, so that resources move over as they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from kubewright.objects import Duration

PREFIX = "helm.sdk.operatorframework.io/"

Action = Literal["install", "upgrade", "uninstall", "rollback"]

_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))


class Wishes(NamedTuple):
    """The annotations of one resource; what cannot be read counts as absent."""

    annotations: Mapping[str, str]

    def disables_hooks(self, action: Action) -> bool:
        """``install-disable-hooks``, ``upgrade-disable-hooks``, ``uninstall-disable-hooks``."""
        return self._flag(f"{action}-disable-hooks", False)

    def description(self, action: Action, default: str) -> str:
        """What the release's history says of a revision: ``install-description`` and so on."""
        return self.annotations.get(f"{PREFIX}{action}-description") or default

    @property
    def upgrade_force(self) -> bool:
        """Whether an object that cannot be changed as an upgrade asks is made anew."""
        return self._flag("upgrade-force", False)

    @property
    def rollback_force(self) -> bool:
        """The same for the rollback after a failed upgrade."""
        return self._flag("rollback-force", True)

    @property
    def uninstall_wait(self) -> bool:
        """Whether the resource stays until everything of its release is gone."""
        return self._flag("uninstall-wait", False)

    @property
    def dry_run(self) -> bool:
        """Whether only to say in the status what would be done."""
        return self._flag("dry-run", False)

    def is_paused(self, annotation: str) -> bool:
        return self.annotations.get(annotation) in _TRUE

    def reconcile_period(self, default: float) -> float:
        """Seconds."""
        text = self.annotations.get(f"{PREFIX}reconcile-period", "")
        try:
            return Duration(text).total_seconds() if text else default
        except ValueError:
            return default

    def _flag(self, name: str, default: bool) -> bool:
        text = self.annotations.get(PREFIX + name)
        return True if text in _TRUE else False if text in _FALSE else default
