"""A whole cluster on a laptop: the embedded API server and the controllers that a real cluster has beside it.

The controllers are written with this framework's own cache, work queue and controllers.
"""

from kubewright.localcluster.cluster import LocalCluster

__all__ = ["LocalCluster"]
