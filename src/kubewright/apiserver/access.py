"""Access control of a running server: who makes a request, as whom, and whether he may; and the record of it.

A request comes in and the user that it acts as goes out, or an error; afterwards what came of it goes to the audit log.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Protocol

from kubewright.apiserver.auth import AuditLog, Authentication, Decision, audit_event, forbidden, impersonated
from kubewright.apiserver.http.messages import Request
from kubewright.apiserver.registry.cluster import LogicalCluster
from kubewright.apiserver.request import RequestInfo, UserInfo
from kubewright.objects.errors import APIError, Unauthorized


class Clusters(Protocol):
    """The logical clusters."""

    def get(self, name: str) -> Awaitable[LogicalCluster]:
        """The cluster of that name, made when it is first asked for."""

    def __contains__(self, name: str) -> bool:
        """Whether it has been asked for before."""


@dataclass(slots=True)
class Trail:
    """What is found out about a request on its way, for the audit log."""

    received: float = field(default_factory=time.time)
    info: RequestInfo | None = None
    user: UserInfo | None = None
    """Who authenticated; nobody where the credentials were refused."""

    acting_as: UserInfo | None = None
    decision: Decision | None = None


class Access:
    """Authenticates and authorizes the requests of one server.

    :param audit: where to write down what was asked and answered.
    """

    def __init__(self, authentication: Authentication, clusters: Clusters, audit: AuditLog | None = None) -> None:
        self._authentication = authentication
        self._clusters = clusters
        self._audit = audit

    async def authenticate(self, request: Request, cluster: str, trail: Trail) -> LogicalCluster:
        """Find out who makes a request; gives the logical cluster that it is made to.

        :raises Unauthorized: the credentials are not valid, or are nobody's and the cluster would have to be made.
        """
        headers, certificate = request.scope["headers"], request.scope.get("peer_certificate")
        if cluster not in self._clusters and not self._authentication.plausible(headers, certificate):
            raise Unauthorized("Unauthorized")
        target = await self._clusters.get(cluster)
        trail.user = trail.acting_as = self._authentication.authenticate(
            headers, target.reader, now=trail.received, peer_certificate=certificate
        )
        return target

    def authorize(self, request: Request, info: RequestInfo, cluster: LogicalCluster, trail: Trail) -> UserInfo:
        """The user that an authenticated request acts as, if he may make it.

        :raises Forbidden: he may not, or may not act as that user.
        :raises BadRequest: the impersonation headers do not make sense.
        """
        assert trail.user is not None  # it was found out by `authenticate`
        user = trail.acting_as = impersonated(trail.user, request.scope["headers"], cluster.authorizer, info.path)
        trail.decision = cluster.authorizer.authorize(user, info)
        if not trail.decision.allowed:
            raise forbidden(user, info, trail.decision.reason)
        return user

    def record(self, request: Request, trail: Trail, code: int, error: APIError | None) -> None:
        """Write down how a request was answered."""
        if self._audit is None or trail.info is None:
            return
        scope = request.scope
        query = scope["query_string"].decode("latin-1")
        event = audit_event(
            trail.info,
            trail.user,
            audit_id=str(uuid.uuid4()),
            uri=f"{scope['path']}?{query}" if query else scope["path"],
            received=trail.received,
            finished=time.time(),
            code=code,
            decision=trail.decision,
            impersonated=trail.acting_as if trail.acting_as is not trail.user else None,
            source=scope["client"][0] if scope.get("client") else "",
            user_agent=request.headers.get("user-agent", ""),
            status=error.status() if error is not None else None,
        )
        self._audit.write([event])

    def close(self) -> None:
        """Close the audit log."""
        if self._audit is not None:
            self._audit.close()
