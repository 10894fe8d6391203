import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from tests.webhook.reviews import Widget, request, widget

from kubewright.objects import field_errors
from kubewright.objects.errors import Cause, Forbidden
from kubewright.webhook.admission import Handler, defaulting, raw, validating
from kubewright.webhook.errors import Invalid
from kubewright.webhook.review import AdmissionRequest, AdmissionResponse


async def answer(handler: Handler, of: AdmissionRequest) -> AdmissionResponse:
    response = handler(of)
    return response if isinstance(response, AdmissionResponse) else await response


async def test_a_defaulter_becomes_a_patch_of_what_it_changed() -> None:
    def default(obj: Widget) -> None:
        obj.spec.size = obj.spec.size or 3

    handler = defaulting(Widget, default)
    assert (await answer(handler, request(obj=widget(host="h")))).patch == [
        {"op": "add", "path": "/spec/size", "value": 3}
    ]
    assert (await answer(handler, request(obj=widget(size=1)))).patch == []


async def test_a_defaulter_leaves_fields_alone_that_its_class_does_not_know() -> None:
    def default(obj: Widget) -> None:
        obj.spec.ports.append(80)
        obj.metadata.labels["a"] = "b"

    patch = (await answer(defaulting(Widget, default), request(obj=widget(unknown={"x": 1}, ports=[1])))).patch
    assert patch == [
        {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}},
        {"op": "replace", "path": "/spec/ports", "value": [1, 80]},
    ]


async def test_a_part_that_loses_all_its_class_knows_keeps_the_rest() -> None:
    def default(obj: Widget) -> None:
        obj.spec.host = None

    only_host = widget()
    only_host["spec"] = {"host": "h", "x": 1}
    patch = (await answer(defaulting(Widget, default), request(obj=only_host))).patch
    assert patch == [{"op": "remove", "path": "/spec/host"}]


async def test_an_asynchronous_defaulter_is_awaited() -> None:
    async def default(obj: Widget, request: AdmissionRequest) -> None:
        await asyncio.sleep(0)
        obj.spec.host = request.user.username

    response = await answer(defaulting(Widget, default), request(obj=widget()))
    assert response.patch == [{"op": "add", "path": "/spec/host", "value": "alice"}]


async def test_a_deletion_has_nothing_to_default() -> None:
    def default(obj: Widget) -> None:
        raise AssertionError

    of = request("DELETE", None, widget())
    answered = await answer(defaulting(Widget, default), of)
    assert (answered.allowed, answered.patch, of.warnings) == (True, [], [])


async def test_what_does_not_fit_the_class_is_left_to_the_schema() -> None:
    of = request(obj=widget(size="three"))
    response = await answer(defaulting(Widget, lambda obj: None), of)
    assert response == AdmissionResponse()
    assert of.warnings == ["defaults were not set: spec.size: Invalid value: expected `int | null`, got `str`"]


def immutable_host(new: Widget, old: Widget | None) -> None:
    if old and new.spec.host != old.spec.host:
        raise Invalid("spec.host", "is immutable")


async def test_a_validator_that_raises_refuses_with_the_field_and_its_value() -> None:
    handler = validating(Widget, immutable_host)
    assert (await answer(handler, request(obj=widget(host="a")))).allowed
    refused = await answer(handler, request("UPDATE", widget(host="b"), widget(host="a")))
    assert not refused.allowed
    assert refused.status == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'Widget.example.com "w" is invalid: spec.host: Invalid value: "b": is immutable',
        "reason": "Invalid",
        "code": 422,
        "details": {
            "name": "w",
            "group": "example.com",
            "kind": "Widget",
            "causes": [
                {"reason": "FieldValueInvalid", "message": 'Invalid value: "b": is immutable', "field": "spec.host"}
            ],
        },
    }


def many(new: Widget) -> Iterator[Invalid | Cause]:
    yield Invalid("spec.ports[0]", "is taken")
    yield field_errors.required("spec.host")


def grouped(new: Widget) -> None:
    raise ExceptionGroup("", [Invalid("spec.ports[0]", "is taken"), Invalid("spec.host", "is missing")])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (many, "[spec.ports[0]: Invalid value: 80: is taken, spec.host: Required value]"),
        (grouped, "[spec.ports[0]: Invalid value: 80: is taken, spec.host: Invalid value: is missing]"),
    ],
)
async def test_several_problems_come_back_at_once(function: Any, message: str) -> None:
    response = await answer(validating(Widget, function), request(obj=widget(ports=[80])))
    assert response.status and response.status["message"] == f'Widget.example.com "w" is invalid: {message}'
    assert len(response.status["details"]["causes"]) == 2


async def test_any_api_error_refuses() -> None:
    async def validate(new: Widget) -> None:
        raise Forbidden("not on a Friday")

    response = await answer(validating(Widget, validate), request(obj=widget()))
    assert response.status and (response.status["code"], response.status["message"]) == (403, "not on a Friday")


async def test_on_deletion_both_objects_are_the_one_that_goes() -> None:
    def validate(new: Widget, old: Widget | None) -> None:
        assert old is new
        raise Invalid("spec.size", "is protected")

    response = await answer(validating(Widget, validate), request("DELETE", None, widget(size=9)))
    assert response.status and response.status["message"].endswith("spec.size: Invalid value: 9: is protected")


async def test_a_validator_may_warn_and_annotate() -> None:
    def validate(new: Widget, request: AdmissionRequest) -> None:
        request.warn("spec.size is deprecated")
        request.annotate("size", str(new.spec.size))

    of = request(obj=widget(size=2))
    assert (await answer(validating(Widget, validate), of)).allowed
    assert (of.warnings, of.audit_annotations) == (["spec.size is deprecated"], {"size": "2"})


@pytest.mark.parametrize(
    ("operation", "new", "old"),
    [("CREATE", widget(), None), ("UPDATE", widget(), widget()), ("DELETE", None, widget())],
)
@pytest.mark.parametrize(("error", "code"), [(Forbidden("no"), 403), (Invalid("spec.size", "is wrong"), 422)])
async def test_a_refusal_keeps_the_warnings(
    operation: str, new: dict[str, Any] | None, old: dict[str, Any] | None, error: Exception, code: int
) -> None:
    def validate(new: Widget, old: Widget | None, request: AdmissionRequest) -> None:
        request.warn("first")
        request.warn("second")
        raise error

    of = request(operation, new, old)
    response = await answer(validating(Widget, validate), of)
    assert response.status is not None
    assert (response.allowed, response.status["code"], of.warnings) == (False, code, ["first", "second"])


async def test_an_object_that_does_not_fit_the_class_is_invalid() -> None:
    response = await answer(validating(Widget, immutable_host), request(obj=widget(size="three")))
    assert response.status and response.status["code"] == 422
    assert response.status["details"]["causes"][0]["field"] == "spec.size"


async def test_what_was_stored_before_it_was_checked_can_be_corrected_and_let_go() -> None:
    seen: list[Widget | None] = []

    def record(new: Widget, old: Widget | None) -> None:
        seen.append(old)

    handler = validating(Widget, record)
    stored, mended = widget(size="x"), widget(size=1)
    released = stored | {"metadata": {"name": "w", "finalizers": []}}

    async def allowed(obj: dict[str, Any]) -> bool:
        asked = request("UPDATE", obj, stored)
        response = await answer(handler, asked)
        assert bool(asked.warnings) == response.allowed
        return response.allowed

    assert await allowed(released)
    assert await allowed(mended)
    assert seen == [None]
    assert not await allowed(stored | {"spec": {"size": "y"}})


async def test_a_bug_is_not_a_refusal() -> None:
    def validate(new: Widget) -> None:
        raise KeyError("oops")

    with pytest.raises(KeyError):
        await answer(validating(Widget, validate), request(obj=widget()))


async def test_a_raw_handler_sees_any_request() -> None:
    def no_deletions(request: AdmissionRequest) -> AdmissionResponse | None:
        if request.operation == "DELETE" and request.old_object and request.old_object["spec"]:
            raise Forbidden(f"{request.kind.kind} {request.name} stays")
        return None

    assert (await answer(raw(no_deletions), request(obj=widget()))).allowed
    refused = await answer(raw(no_deletions), request("DELETE", None, widget(size=1)))
    assert refused.status and refused.status["message"] == "Widget w stays"


def test_a_handler_with_a_signature_that_cannot_be_called_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match=r"f\(a, b, c\): a handler takes the new object"):

        def f(a: Widget, b: Widget, c: Widget) -> None: ...

        f.__qualname__ = "f"
        validating(Widget, f)


@pytest.mark.parametrize("returned", [False, "is wrong", 5])
async def test_a_validator_that_returns_something_else_is_a_bug_that_is_told(returned: Any) -> None:
    with pytest.raises(TypeError, match=f"returns problems or nothing, and not {returned!r}"):
        await answer(validating(Widget, lambda new, old: returned), request(obj=widget()))
