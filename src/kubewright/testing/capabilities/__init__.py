"""Capability levels that are shown, not declared: what an operator does with its samples, tried out on a cluster.

The requirements are those of the Operator Framework's five levels.  Each check plays one of them through, for one
sample or for the operator as a whole, and says in a `Result` what was seen and how to pass.  What no general check
can know, how a backup is made and which alerts there are, the operator's project declares.
"""

from kubewright.testing.capabilities import (
    auto_pilot,
    basic_install,
    deep_insights,
    full_lifecycle,
    seamless_upgrades,
    upgrade,
)
from kubewright.testing.capabilities.assessment import assess
from kubewright.testing.capabilities.checks import Check, Result, Verdict, level_of
from kubewright.testing.capabilities.declared import Declared, read_declared
from kubewright.testing.capabilities.upgrade import Previous, PreviousFailed, assess_upgrade

CHECKS: tuple[Check, ...] = (
    *basic_install.CHECKS,
    *seamless_upgrades.CHECKS,
    *upgrade.CHECKS,
    *full_lifecycle.CHECKS,
    *deep_insights.CHECKS,
    *auto_pilot.CHECKS,
)
"""All that there are, level by level."""

__all__ = [
    "CHECKS",
    "Check",
    "Declared",
    "Previous",
    "PreviousFailed",
    "Result",
    "Verdict",
    "assess",
    "assess_upgrade",
    "level_of",
    "read_declared",
]
