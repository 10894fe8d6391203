"""Operators made of Helm charts, without Python or with some: charts go in, releases that keep themselves come out."""

from kubewright.helm.engine import Capabilities, Chart, ChartError
from kubewright.helm.operator import HelmOperator, HelmResource, load
from kubewright.helm.reconciler import HelmReconciler
from kubewright.helm.status import DeployedRelease, HelmStatus, PlannedChange
from kubewright.helm.watches import Watch, WatchesError, read_watches

__all__ = [
    "Capabilities",
    "Chart",
    "ChartError",
    "DeployedRelease",
    "HelmOperator",
    "HelmReconciler",
    "HelmResource",
    "HelmStatus",
    "PlannedChange",
    "Watch",
    "WatchesError",
    "load",
    "read_watches",
]
