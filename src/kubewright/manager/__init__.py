"""The manager: start and stop order, leader election, health, metrics, logging, and the start-up diagnosis."""

from kubewright.manager.clusters import Cluster, Clusters
from kubewright.manager.crds import definitions, install
from kubewright.manager.diagnosis import Diagnosis, Need, NotReady, diagnose
from kubewright.manager.election import Election, LeaseRecord, Timing
from kubewright.manager.health import HealthChecks
from kubewright.manager.leader_elector import LeaderElector, LeadershipLost, Lock, Superseded
from kubewright.manager.lease_lock import LeaseLock
from kubewright.manager.lifespan import Lifespan
from kubewright.manager.logging import configure_logging
from kubewright.manager.manager import Manager
from kubewright.manager.process import run_event_loop, stop_on_signals
from kubewright.manager.runnables import Group, Runnable, RunnableFailed
from kubewright.manager.serving import AddressInUse, BindAddress, HTTPServer
from kubewright.manager.shard_member import ShardLost
from kubewright.manager.takeover import CannotPause, lease_namespace, run_paused_by_others

__all__ = [
    "AddressInUse",
    "BindAddress",
    "Cluster",
    "Clusters",
    "Diagnosis",
    "Election",
    "Group",
    "HTTPServer",
    "HealthChecks",
    "LeaderElector",
    "LeadershipLost",
    "LeaseLock",
    "LeaseRecord",
    "Lifespan",
    "Lock",
    "Manager",
    "Need",
    "NotReady",
    "Runnable",
    "RunnableFailed",
    "ShardLost",
    "CannotPause",
    "Superseded",
    "Timing",
    "configure_logging",
    "definitions",
    "diagnose",
    "install",
    "lease_namespace",
    "run_event_loop",
    "run_paused_by_others",
    "stop_on_signals",
]
