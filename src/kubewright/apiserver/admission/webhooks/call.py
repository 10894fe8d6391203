"""One call of one admission webhook: the review out, the verdict back, and what failed in between.

Shared by the mutating and the validating stage; both let a failing call pass when the webhook's failure policy says so.
"""

from __future__ import annotations

import logging
import uuid

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.refusal import internal_error
from kubewright.apiserver.admission.rules import Target
from kubewright.apiserver.admission.webhooks.hooks import Hook
from kubewright.apiserver.admission.webhooks.review import (
    InvalidAnswer,
    Verdict,
    read_answer,
    request_body,
    supported_version,
)
from kubewright.apiserver.registry.strategy import Object
from kubewright.apiserver.webhook_client import CallFailed, WebhookClient
from kubewright.objects.errors import BadRequest

logger = logging.getLogger(__name__)


class HookFailed(Exception):
    """The webhook could not be asked, or answered nonsense: its failure policy decides what becomes of the request."""

    def __init__(self, hook: Hook, why: str) -> None:
        super().__init__(f'failed calling webhook "{hook.name}": {why}')


async def call(
    client: WebhookClient,
    hook: Hook,
    target: Target,
    attributes: Attributes,
    *,
    obj: Object | None,
    old: Object | None,
    mutating: bool,
) -> Verdict:
    """Ask a webhook about a write and take note of its warnings and audit annotations.

    :raises HookFailed: no valid answer came.
    :raises APIError: the webhook denied the request, or may not be asked about a dry run.
    """
    if attributes.dry_run and hook.side_effects not in ("None", "NoneOnDryRun"):
        raise BadRequest(f'admission webhook "{hook.name}" does not support dry run')
    version = supported_version(hook.review_versions)
    if version is None:
        raise HookFailed(
            hook, "could not create admission objects: webhook does not accept known AdmissionReview versions"
        )
    uid = str(uuid.uuid4())
    body = request_body(attributes, target, uid=uid, version=version, obj=obj, old=old)
    try:
        answer = await client.post(hook.client_config, body, timeout=hook.timeout, reader=attributes.reader)
    except CallFailed as error:
        raise HookFailed(hook, f"failed to call webhook: {error}") from error
    try:
        verdict = read_answer(answer, uid=uid, version=version, mutating=mutating)
    except InvalidAnswer as error:
        raise HookFailed(hook, f"received invalid webhook response: {error}") from error
    for key, value in (verdict.audit_annotations or {}).items():
        attributes.audit_annotations[f"{hook.name}/{key}"] = value
    attributes.warnings.extend(verdict.warnings or ())
    if not verdict.allowed:
        raise verdict.rejection(hook.name)
    return verdict


def tolerate(hook: Hook, failure: HookFailed) -> None:
    """Pass over a failed call if the webhook's failure policy is Ignore.

    :raises InternalError: it is Fail.
    """
    if not hook.ignore_failures:
        raise internal_error(str(failure)) from failure
    logger.warning("failing open: %s", failure)
