"""Informers and cached reads: what a controller knows of the cluster, kept up to date by watches.

`Cache.informer` follows a kind and hands its events on; `Cache.get` and `Cache.list` read what informers have stored.
"""

from kubewright.cache.cache import Cache, NotSynced
from kubewright.cache.event import Event, Observed
from kubewright.cache.indexer import Indexer
from kubewright.cache.informer import Informer
from kubewright.cache.stored import StoredObject, Transform

__all__ = ["Cache", "Event", "Indexer", "Informer", "NotSynced", "Observed", "StoredObject", "Transform"]
