"""The operator: decorators that declare what it manages, and ``run``.

A thin face over controllers, webhooks and the manager: each decorator records a declaration; :class:`Operator` makes of
them the parts that a hand-written ``main`` would assemble, and runs these.
"""

from kubewright.operator.controllers import Following, MapFunction, Reconciliation
from kubewright.operator.decorators import ReconcileDecorator
from kubewright.operator.operator import Operator
from kubewright.operator.webhooks import webhooks_of

__all__ = ["Following", "MapFunction", "Operator", "ReconcileDecorator", "Reconciliation", "webhooks_of"]
