"""Who may read the metrics when they are served beyond this machine.

A request comes in with a bearer token; the API server says whose it is (TokenReview) and whether that user may ``get``
the path (SubjectAccessReview), as controller-runtime's ``metrics/filters`` asks.  A yes is kept for a minute, so that
scrapes cost the API server nothing; a no for seconds only: somebody is just about to mend it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging

from kubewright.client import Client, TransportError
from kubewright.objects.authentication_v1 import TokenReview, TokenReviewSpec
from kubewright.objects.authorization_v1 import NonResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec
from kubewright.objects.errors import APIError
from kubewright.transport import Application, Receive, Scope, Send

_ALLOWED_FOR, _DENIED_FOR = 60.0, 5.0
_CAPACITY = 256

_TEXTS = {
    401: "give a bearer token that the cluster knows\n",
    403: "this user needs a ClusterRole that allows to get the nonResourceURL {path}\n",
    503: "the API server cannot be asked who you are; try again\n",
}

logger = logging.getLogger("kubewright.manager")


class MetricsAccess:
    """An ASGI application in front of another one, which lets only authorized requests through."""

    def __init__(self, app: Application, client: Client) -> None:
        self._app = app
        self._client = client
        self._answers: dict[tuple[bytes, str], tuple[float, int]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status = await self._check(scope)
        if status == 200:
            await self._app(scope, receive, send)
            return
        text = _TEXTS[status].format(path=scope["path"]).encode()
        headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(text)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    async def _check(self, scope: Scope) -> int:
        """The HTTP status that the request deserves."""
        authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        kind, _, token = authorization.partition(b" ")
        if kind.lower() != b"bearer" or not token.strip():
            return 401
        key = (hashlib.sha256(token).digest(), scope["path"])
        now = asyncio.get_running_loop().time()
        known = self._answers.get(key)
        if known is not None and now < known[0]:
            return known[1]
        try:
            status = await self._ask(token.strip().decode("latin-1"), scope["path"])
        except (APIError, TransportError) as error:
            logger.warning("cannot ask who may read %s: %s", scope["path"], error)
            return 503
        if len(self._answers) >= _CAPACITY:
            self._answers.clear()
        self._answers[key] = (now + (_ALLOWED_FOR if status == 200 else _DENIED_FOR), status)
        return status

    async def _ask(self, token: str, path: str) -> int:
        review = await self._client.create(TokenReview(spec=TokenReviewSpec(token=token)))
        user = review.status.user
        if not review.status.authenticated or user is None:
            return 401
        access = SubjectAccessReviewSpec(
            user=user.username,
            uid=user.uid,
            groups=user.groups,
            non_resource_attributes=NonResourceAttributes(path=path, verb="get"),
        )
        answer = await self._client.create(SubjectAccessReview(spec=access))
        return 200 if answer.status.allowed else 403
