"""How workload controllers make and delete Pods: gently where it fails, and saying so in Events of the workload.

The rules are those of `pkg/controller`'s ``RealPodControl`` and ``slowStartBatch``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from kubewright.localcluster.view import View
from kubewright.objects import Object
from kubewright.objects.core_v1 import Pod
from kubewright.objects.errors import AlreadyExists, APIError, NotFound


class PodControl:
    """Makes and deletes Pods for the workloads of one controller.

    :param component: whose Events tell of it, such as ``replicaset-controller``.
    """

    def __init__(self, view: View, component: str) -> None:
        self._client = view.client
        self._events = view.recorder(component)

    async def create(self, owner: Object, pod: Pod) -> None:
        """:raises APIError: the Pod was refused."""
        try:
            made = await self._client.create(pod)
        except AlreadyExists:
            raise  # No news: whoever names its Pods meets those that are still going.
        except APIError as error:
            self._events.record(owner, "FailedCreate", f"Error creating: {error}", type="Warning", action="Create")
            raise
        self._events.record(owner, "SuccessfulCreate", f"Created pod: {made.metadata.name}", action="Create")

    async def create_all(self, owner: Object, pods: Sequence[Pod]) -> APIError | None:
        """Create Pods in batches that double as long as all goes well: what refuses one would refuse a thousand.

        :returns: why the first one that was refused was so; no further batch is tried then.
        """
        size = 1
        while pods:
            batch, pods = pods[:size], pods[size:]
            outcomes = await asyncio.gather(*(self.create(owner, pod) for pod in batch), return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, APIError):
                    return outcome
                if outcome is not None:
                    raise outcome
            size *= 2
        return None

    async def delete(self, owner: Object, pod: Pod) -> None:
        """Delete this very Pod, if it is still there."""
        try:
            await self._client.delete(pod, uid=pod.metadata.uid)
        except NotFound:
            return
        self._events.record(owner, "SuccessfulDelete", f"Deleted pod: {pod.metadata.name}", action="Delete")
