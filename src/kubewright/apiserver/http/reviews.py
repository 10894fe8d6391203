"""Questions that are asked by creating an object which is answered and not stored: who am I, may I, whose token is it.

The review in the request's body goes to `kubewright.apiserver.auth`, and comes back answered.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from kubewright.apiserver.auth import access_reviews, token_reviews
from kubewright.apiserver.http import unstored
from kubewright.apiserver.http.messages import Response
from kubewright.apiserver.http.resources import Call
from kubewright.apiserver.registry.identity import place
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import NotFound
from kubewright.objects.names import GroupVersionKind

_TOKEN_REQUEST = GroupVersionKind("authentication.k8s.io", "v1", "TokenRequest")

Answer = Callable[[Call, Object], Object]

REVIEWS: dict[tuple[str, str], Answer] = {
    ("authorization.k8s.io", "selfsubjectaccessreviews"): lambda call, body: access_reviews.self_subject_access_review(
        body, call.user, call.store.cluster.authorizer
    ),
    ("authorization.k8s.io", "subjectaccessreviews"): lambda call, body: access_reviews.subject_access_review(
        body, call.store.cluster.authorizer
    ),
    ("authorization.k8s.io", "localsubjectaccessreviews"): lambda call, body: (
        access_reviews.local_subject_access_review(body, call.info.namespace, call.store.cluster.authorizer)
    ),
    ("authorization.k8s.io", "selfsubjectrulesreviews"): lambda call, body: access_reviews.self_subject_rules_review(
        body, call.user, call.store.cluster.authorizer
    ),
    ("authentication.k8s.io", "selfsubjectreviews"): lambda call, body: token_reviews.self_subject_review(
        body, call.user, now=time.time()
    ),
    ("authentication.k8s.io", "tokenreviews"): lambda call, body: token_reviews.token_review(
        body, call.store.cluster.authentication, call.store.cluster.reader, now=time.time()
    ),
}
"""What answers a review, by group and resource."""


async def review(call: Call) -> Response:
    """Answer the review in a request's body.

    :raises BadRequest: it is none, or lies in another namespace than the URL.
    """
    write, store = call.write("CreateOptions"), call.store
    body = store.decode(await call.request.body(), call.body_type(), write)
    place(body, call.info.namespace)
    body = await unstored.admit_creation(call, store.resource.gvk, "", body, write)
    answered = REVIEWS[store.resource.group_resource](call, body)
    return call.respond_object(answered, call.representation(), status=201)


async def token_request(call: Call) -> Response:
    """Issue a token for a service account.

    :raises NotFound: there is no such account, or the server has no key to sign with.
    """
    cluster, info = call.store.cluster, call.info
    tokens = cluster.authentication.service_accounts
    if tokens is None:
        raise NotFound("the server could not find the requested resource", details={})
    write = call.write("CreateOptions")
    body = await unstored.read(call, _TOKEN_REQUEST, write)
    body["spec"].setdefault("expirationSeconds", token_reviews.DEFAULT_SECONDS)
    body = await unstored.admit_creation(call, _TOKEN_REQUEST, info.name, body, write)
    await cluster.caches.fresh()
    granted = token_reviews.token_request(
        body, info.namespace, info.name, tokens, cluster.reader, now=time.time(), token_id=str(uuid.uuid4())
    )
    return call.respond_object(granted, call.representation(), status=201)
