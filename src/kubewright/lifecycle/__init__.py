"""What goes on along an object's life: handlers of its changes, timers and daemons bound to it."""

from kubewright.lifecycle.behaviour import Behaviour, Memos
from kubewright.lifecycle.daemons import Daemon
from kubewright.lifecycle.declarations import Declaration, Declarations, Filters, Options
from kubewright.lifecycle.function import Function
from kubewright.lifecycle.handlers import Handler, Handlers
from kubewright.lifecycle.kinds import expect_kind, expect_kinds
from kubewright.lifecycle.matching import Expected, FieldPath, Matching, absent, present
from kubewright.lifecycle.progress import Progress
from kubewright.lifecycle.timers import Timer

__all__ = [
    "Behaviour",
    "Daemon",
    "Declaration",
    "Declarations",
    "Expected",
    "FieldPath",
    "Filters",
    "Function",
    "Handler",
    "Handlers",
    "Matching",
    "Memos",
    "Options",
    "Progress",
    "Timer",
    "absent",
    "expect_kind",
    "expect_kinds",
    "present",
]
