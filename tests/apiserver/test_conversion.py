from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
from tests.apiserver.admission.attributes import Objects

from kubewright.apiserver.conversion import NoConversion, WebhookConversion
from kubewright.apiserver.registry.metadata_rules import LABEL_VALUE_ERROR, QUALIFIED_ERROR
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.apiserver.webhook_client import CallFailed, WebhookClient
from kubewright.objects.errors import APIError

WEBHOOK = {"clientConfig": {"url": "https://conv"}, "conversionReviewVersions": ["v1"]}


def widget(version: str = "v1", name: str = "a", **metadata: Any) -> Object:
    metadata = {"name": name, "namespace": "n", "uid": "1", **metadata}
    return {"apiVersion": f"example.com/{version}", "kind": "Widget", "metadata": metadata, "spec": {"host": "h"}}


class Converting(WebhookClient):
    """Answers with what ``script`` makes of the objects, or with ``result`` when that is given."""

    def __init__(self, script: Callable[[Object], Any], **response: Any) -> None:
        super().__init__()
        self.script, self.response = script, response
        self.type: dict[str, str] = {}
        self.reviews: list[dict[str, Any]] = []

    async def post(self, config: Mapping[str, Any], body: bytes, *, timeout: float, reader: Reader) -> bytes:
        review = msgspec.json.decode(body)
        self.reviews.append(review)
        converted = [self.script(obj) for obj in review["request"]["objects"]]
        response = {
            "uid": review["request"]["uid"],
            "convertedObjects": converted,
            "result": {"status": "Success"},
            **self.response,
        }
        return msgspec.json.encode({**review, **self.type, "response": response})


def to_v2(obj: Object) -> Object:
    return {**obj, "apiVersion": "example.com/v2", "spec": {"hostname": obj["spec"]["host"]}}


def conversion(client: WebhookClient) -> WebhookConversion:
    return WebhookConversion(WEBHOOK, client, Objects())


async def test_without_a_webhook_only_the_api_version_changes() -> None:
    assert await NoConversion().convert([widget()], "example.com/v2") == [widget("v2")]


async def test_objects_go_to_the_webhook_in_one_review() -> None:
    client = Converting(to_v2)
    converted = await conversion(client).convert([widget(), widget(name="b")], "example.com/v2")
    assert [obj["spec"] for obj in converted] == [{"hostname": "h"}, {"hostname": "h"}]
    assert len(client.reviews) == 1
    assert client.reviews[0]["request"]["desiredAPIVersion"] == "example.com/v2"


async def test_objects_in_the_wanted_version_are_not_sent() -> None:
    client = Converting(to_v2)
    converted = await conversion(client).convert([widget("v2", "a"), widget("v1", "b")], "example.com/v2")
    assert [obj["metadata"]["name"] for obj in converted] == ["a", "b"]
    assert [obj["metadata"]["name"] for obj in client.reviews[0]["request"]["objects"]] == ["b"]


async def test_only_labels_and_annotations_of_the_metadata_are_the_webhooks() -> None:
    def meddle(obj: Object) -> Object:
        metadata = {**obj["metadata"], "labels": {"new": "yes"}, "finalizers": ["mine"], "generation": 7}
        return {**to_v2(obj), "metadata": metadata}

    original = widget(labels={"old": "yes"}, annotations={"a": "b"}, generation=1)
    [converted] = await conversion(Converting(meddle)).convert([original], "example.com/v2")
    assert converted["metadata"] == original["metadata"] | {"labels": {"new": "yes"}}


@pytest.mark.parametrize(
    ("client", "why"),
    [
        (Converting(to_v2, result={"status": "Failure", "message": "cannot do it"}), "failed: cannot do it"),
        (Converting(to_v2, result={}), "failed: response.result.status was '', not 'Success'"),
        (Converting(to_v2, convertedObjects=[]), "returned 0 objects, expected 1"),
        (
            Converting(lambda obj: obj | {"apiVersion": "e.com/v1"}),
            "returned invalid object at index 0: invalid groupVersion (expected example.com/v2, received e.com/v1)",
        ),
        *(
            (
                Converting(lambda obj, version=version: obj | {"apiVersion": version}),  # type: ignore[misc]
                f"returned invalid object at index 0: invalid groupVersion (expected example.com/v2, received {shown})",
            )
            for version, shown in ((5, ""), (None, ""), ("a/b/c", "a/b/c"))
        ),
        (
            Converting(lambda obj: to_v2(obj) | {"kind": "Gadget"}),
            "returned invalid object at index 0: invalid kind (expected Widget, received Gadget)",
        ),
        (
            Converting(lambda obj: to_v2(widget(name="other"))),
            "returned invalid object: must have the same name: a != other",
        ),
        (
            Converting(lambda obj: to_v2(widget(labels={"a": 1}))),
            "returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object",
        ),
        (
            Converting(lambda obj: to_v2(widget(labels={"a": "!", "b": "ok"}))),
            f'returned invalid metadata: metadata.labels: Invalid value: "!": {LABEL_VALUE_ERROR}',
        ),
        (
            Converting(lambda obj: to_v2(widget(annotations={"a!": "", "b!": "", "A.B/c": ""}))),
            "returned invalid metadata: ["
            + ", ".join(f'metadata.annotation: Invalid value: "{key}!": name part {QUALIFIED_ERROR}' for key in "ab")
            + "]",
        ),
        (Converting(lambda obj: None), "returned invalid object: invalid type, expected=Unstructured, got=<nil>"),
        (
            Converting(lambda obj: to_v2(obj) | {"metadata": []}),
            "returned invalid metadata: invalid metadata of type []interface {} in converted object",
        ),
        (Converting(lambda obj: to_v2(widget(uid="2"))), "returned invalid object: must have the same UID: 1 != 2"),
        (Converting(to_v2, uid="3"), 'failed: expected response.uid="UID", got "3"'),
    ],
)
async def test_a_failing_conversion_says_what_the_webhook_did(client: Converting, why: str) -> None:
    with pytest.raises(APIError) as error:
        await conversion(client).convert([widget()], "example.com/v2")
    why = why.replace("UID", client.reviews[0]["request"]["uid"]) if "response.uid" in why else why
    assert error.value.message == f"conversion webhook for example.com/v1, Kind=Widget {why}"
    assert error.value.status_code == 500


@pytest.mark.parametrize(
    ("version", "type_", "why"),
    [
        ("v1beta1", {"apiVersion": "", "kind": ""}, None),
        ("v1beta1", {"kind": "Other"}, "apiextensions.k8s.io/v1beta1, Kind=Other"),
        ("v1", {"apiVersion": "", "kind": ""}, "/, Kind="),
        ("v1", {"apiVersion": "v1"}, "/v1, Kind=ConversionReview"),
    ],
)
async def test_an_answer_says_what_it_is_but_in_the_first_version(
    version: str, type_: dict[str, str], why: str | None
) -> None:
    client = Converting(to_v2)
    client.type = type_
    webhook = WebhookConversion({**WEBHOOK, "conversionReviewVersions": [version]}, client, Objects())
    if why is None:
        assert await webhook.convert([widget()], "example.com/v2") == [to_v2(widget())]
        return
    with pytest.raises(APIError, match=f"expected webhook response of .*, got {why}\\Z"):
        await webhook.convert([widget()], "example.com/v2")


async def test_an_unreachable_webhook_fails_the_conversion() -> None:
    class Dead(WebhookClient):
        async def post(self, config: Mapping[str, Any], body: bytes, *, timeout: float, reader: Reader) -> bytes:
            raise CallFailed("connection refused")

    with pytest.raises(APIError, match="Kind=Widget failed: connection refused"):
        await conversion(Dead()).convert([widget()], "example.com/v2")
