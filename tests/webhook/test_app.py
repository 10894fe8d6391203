import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from tests.webhook.reviews import Widget, review, widget

from kubewright.objects.names import GroupVersionKind
from kubewright.transport import Message
from kubewright.webhook import app as app_module
from kubewright.webhook.admission import defaulting, validating
from kubewright.webhook.app import WebhookApp, path_of
from kubewright.webhook.conversion import Conversions
from kubewright.webhook.errors import Invalid
from kubewright.webhook.review import AdmissionRequest, AdmissionResponse


async def post(
    app: WebhookApp,
    path: str,
    *chunks: bytes,
    method: str = "POST",
    query: bytes = b"",
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> Any:
    """Status and decoded body of the answer."""
    messages = [
        {"type": "http.request", "body": chunk, "more_body": index < len(chunks) - 1}
        for index, chunk in enumerate(chunks)
    ]
    sent: list[Message] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": headers}
    await app(scope, receive, send)
    return sent[0]["status"], msgspec.json.decode(sent[1]["body"])


def app_with(function: Any) -> WebhookApp:
    app = WebhookApp()
    app.add("/validate", validating(Widget, function))
    return app


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (GroupVersionKind("web.example.com", "v1", "Website"), "/mutate-web-example-com-v1-website"),
        (GroupVersionKind("", "v1", "Pod"), "/mutate--v1-pod"),
    ],
)
def test_paths_are_those_of_controller_runtime(kind: GroupVersionKind, path: str) -> None:
    assert path_of(kind, "mutate") == path


async def test_a_review_is_answered_with_its_own_uid() -> None:
    def refuse(new: Widget) -> None:
        raise Invalid("spec.size", "is too big")

    status, body = await post(app_with(refuse), "/validate", review(obj=widget(size=5)))
    assert (status, body["apiVersion"], body["kind"]) == (200, "admission.k8s.io/v1", "AdmissionReview")
    assert (body["response"]["uid"], body["response"]["allowed"]) == ("u-1", False)
    assert body["response"]["status"]["message"].endswith("spec.size: Invalid value: 5: is too big")


async def test_a_patch_warnings_and_annotations_are_written() -> None:
    def default(obj: Widget, request: AdmissionRequest) -> None:
        obj.spec.size = 1
        request.warn("careful")
        request.annotate("k", "v")

    app = WebhookApp()
    app.add("/mutate", defaulting(Widget, default))
    _, body = await post(app, "/mutate", review(obj=widget()))
    assert body["response"]["patchType"] == "JSONPatch"
    assert (body["response"]["warnings"], body["response"]["auditAnnotations"]) == (["careful"], {"k": "v"})


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not an AdmissionReview"),
        (b"{", "not an AdmissionReview"),
        (b"\xff", "not an AdmissionReview"),
        (b"[]", "not an AdmissionReview"),
        (b"{}", "apiVersion '', kind ''"),
        (b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}', "has no request"),
        (b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": 1}}', "expected `str`"),
        (review(operation="FLY"), "Invalid enum value 'FLY'"),
        (review(object="text"), "request.object is no object"),
        (review(obj=widget()).replace(b'"u-1"', b'"u-1", "x": "\xff"'), "can't decode byte 0xff"),
        (review(obj=widget()).replace(b'"u-1"', b'"u-1", "x": ' + b"[" * 9999), "recursion"),
    ],
)
async def test_a_malformed_review_is_a_clean_400(body: bytes, why: str) -> None:
    status, answer = await post(app_with(lambda new: None), "/validate", body)
    assert (status, answer["kind"], answer["reason"]) == (400, "Status", "BadRequest")
    assert why.lower() in answer["message"].lower()


@pytest.mark.parametrize(("content_type", "status"), [("application/json; charset=utf-8", 200), ("text/plain", 400)])
async def test_reviews_are_json(content_type: str, status: int) -> None:
    headers = [(b"content-type", content_type.encode())]
    answer = await post(app_with(lambda new: None), "/validate", review(obj=widget()), headers=headers)
    assert answer[0] == status


async def test_other_methods_and_paths_are_refused() -> None:
    app = app_with(lambda new: None)
    assert (await post(app, "/validate", b"", method="GET"))[0] == 405
    status, answer = await post(app, "/nowhere", b"")
    assert (status, answer["message"]) == (404, "no webhook is served at /nowhere; there are: /validate")
    assert (await post(app, "/convert", b""))[0] == 404


async def test_a_body_beyond_the_bound_is_refused_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "MAX_ADMISSION_BODY", 10)
    app = app_with(lambda new: None)
    assert (await post(app, "/validate", b"x" * 11))[0] == 413
    assert (await post(app, "/validate", b"x" * 8, b"x" * 8, b"never read"))[0] == 413


async def test_a_body_in_pieces_is_put_together() -> None:
    body = review(obj=widget())
    status, _ = await post(app_with(lambda new: None), "/validate", body[:10], body[10:20], body[20:])
    assert status == 200


async def test_a_bug_refuses_the_write_and_the_server_lives_on(caplog: pytest.LogCaptureFixture) -> None:
    def buggy(new: Widget) -> None:
        raise KeyError("oops")

    app = app_with(buggy)
    with caplog.at_level(logging.ERROR):
        status, body = await post(app, "/validate", review(obj=widget()))
    assert (status, body["response"]["allowed"]) == (200, False)
    assert body["response"]["status"] == {
        "status": "Failure", "code": 500, "message": "the handler failed: KeyError: 'oops'",
    }  # fmt: skip
    assert "webhook /validate failed on CREATE example.com/v1, Resource=widgets n/w" in caplog.text
    assert metric(app, "controller_runtime_webhook_panics_total") == 1


async def test_a_handler_slower_than_the_api_server_waits_is_cut_off() -> None:
    async def never(new: Widget) -> None:
        await asyncio.Event().wait()

    _, body = await post(app_with(never), "/validate", review(obj=widget()), query=b"timeout=0s")
    assert "TimeoutError" in body["response"]["status"]["message"]


async def test_no_more_than_the_bound_are_worked_on_at_once() -> None:
    working, most, busy, release = 0, 0, asyncio.Event(), asyncio.Event()

    async def slow(request: AdmissionRequest) -> AdmissionResponse:
        nonlocal working, most
        working += 1
        most = max(most, working)
        if working == 2:
            busy.set()
        await release.wait()
        working -= 1
        return AdmissionResponse()

    app = WebhookApp(max_in_flight=2)
    app.add("/slow", slow)
    posts = [asyncio.create_task(post(app, "/slow", review(obj=widget()))) for _ in range(5)]
    await busy.wait()
    release.set()
    assert [status for status, _ in await asyncio.gather(*posts)] == [200] * 5
    assert most == 2


def metric(app: WebhookApp, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(app.metrics)
    return registry.get_sample_value(name, labels)


async def test_requests_are_counted_by_path_and_code() -> None:
    app = app_with(lambda new: None)
    await post(app, "/validate", review(obj=widget()))
    await post(app, "/validate", b"{")
    requests = "controller_runtime_webhook_requests_total"
    assert metric(app, requests, webhook="/validate", code="200") == 1
    assert metric(app, requests, webhook="/validate", code="400") == 1
    assert metric(app, "controller_runtime_webhook_latency_seconds_count", webhook="/validate") == 2
    assert metric(app, "controller_runtime_webhook_requests_in_flight", webhook="/validate") == 0


def test_two_webhooks_cannot_share_a_path() -> None:
    app = app_with(lambda new: None)
    with pytest.raises(ValueError, match="two webhooks want the path /validate"):
        app.add("/validate", lambda request: AdmissionResponse())


async def test_conversions_are_served_at_convert() -> None:
    app = WebhookApp()
    app.add_conversions(Widget.gvk.group_kind, Conversions())
    request = {"uid": "u", "desiredAPIVersion": "example.com/v2", "objects": [widget()]}
    body = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview", "request": request}
    status, answer = await post(app, "/convert", msgspec.json.encode(body))
    assert (status, answer["response"]["result"]["status"]) == (200, "Failure")
    assert answer["response"]["result"]["message"] == (
        "no functions convert example.com/v1 to example.com/v2; there are: none"
    )
