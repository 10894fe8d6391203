"""The status of a custom resource that a chart makes, and the conditions in it.

``Initialized``, ``Deployed``, ``ReleaseFailed``, ``Irreconcilable`` and ``Paused`` mean what they mean to operator-sdk
and helm-operator-plugins; ``Ready`` is the standard one, and true once everything in the release is.  The manifest is
not in the status: it may hold Secrets.
"""

from __future__ import annotations

from kubewright.objects import Condition, Struct
from kubewright.schema import Status


class DeployedRelease(Struct):
    """The release as it was deployed last."""

    name: str = ""
    revision: int = 0
    chart: str = ""


class PlannedChange(Struct):
    """What a dry run found: ``create``, ``update`` or ``delete``, and of an update the fields that change."""

    action: str = ""
    object: str = ""
    fields: list[str] = []


class HelmStatus(Status):
    """What is known of the release."""

    observed_generation: int = 0
    conditions: list[Condition] = []
    deployed_release: DeployedRelease | None = None
    plan: list[PlannedChange] = []
