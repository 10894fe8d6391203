"""A kind on its way from v1alpha1 to v1: two classes, two functions, one operator.

v1 is stored and is the hub.  v1alpha1 can't say how keys are evicted, nor any memory but two sizes: what it can't say
is kept in an annotation, so that clients of v1alpha1 lose nothing of what clients of v1 have written.
"""

from __future__ import annotations

from typing import Annotated, Literal

from kubewright import Context, Meta, Operator, Resource, Spec, Status

op = Operator("caches")

MEBIBYTES = {"small": 64, "large": 1024}


class OldCacheSpec(Spec):
    size: Literal["small", "large"] = "small"


class CacheSpec(Spec):
    memory: Annotated[int, Meta(ge=1)] = 64
    """In mebibytes."""
    eviction: Literal["LRU", "LFU"] = "LRU"


class CacheStatus(Status):
    memory: int | None = None


@op.resource(group="example.com", version="v1alpha1", kind="Cache", storage=False, deprecated="use example.com/v1")
class OldCache(Resource[OldCacheSpec, CacheStatus]):
    """A cache of one of two sizes."""


@op.resource(group="example.com", version="v1", storage=True)
class Cache(Resource[CacheSpec, CacheStatus]):
    """A cache."""


@op.convert(OldCache, Cache, lossless=True)
def upgrade(old: OldCache) -> Cache:
    return Cache(spec=CacheSpec(memory=MEBIBYTES[old.spec.size]), status=old.status)


@op.convert(Cache, OldCache)
def downgrade(new: Cache) -> OldCache:
    size: Literal["small", "large"] = "large" if new.spec.memory >= MEBIBYTES["large"] else "small"
    return OldCache(spec=OldCacheSpec(size=size), status=new.status)


@op.reconcile(Cache)
async def reconcile(cache: Cache, ctx: Context) -> None:
    cache.status.memory = cache.spec.memory
