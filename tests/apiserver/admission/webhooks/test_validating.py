import asyncio
from typing import Any

import pytest
from tests.apiserver.admission.attributes import Objects, attributes, config_map
from tests.apiserver.admission.webhooks.scripted import OneVersion, ScriptedClient, configuration, hook

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.webhooks import ValidatingWebhooks
from kubewright.apiserver.auth.authorizer import AlwaysAllow
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import APIError, BadRequest, Forbidden, InternalError

DENY = {"allowed": False, "status": {"code": 403, "reason": "Forbidden", "message": "not today"}}


def write(*configurations: Object, **fields: Any) -> Attributes:
    return attributes(reader=Objects(validatingwebhookconfigurations=list(configurations)), **fields)


async def test_nothing_is_called_without_configurations() -> None:
    client = ScriptedClient({})
    await ValidatingWebhooks(client, OneVersion(), AlwaysAllow()).validate(write())
    assert client.requests == []


async def test_a_denial_refuses_the_request() -> None:
    client = ScriptedClient({"deny": lambda request: DENY})
    with pytest.raises(APIError) as error:
        await ValidatingWebhooks(client, OneVersion(), AlwaysAllow()).validate(write(configuration("c", hook("deny"))))
    assert error.value.message == 'admission webhook "deny" denied the request: not today'
    assert (error.value.status_code, error.value.status_reason) == (403, "Forbidden")


async def test_warnings_and_audit_annotations_are_collected() -> None:
    client = ScriptedClient({"warn": lambda request: {"warnings": ["careful"], "auditAnnotations": {"k": "v"}}})
    request = write(configuration("c", hook("warn")))
    await ValidatingWebhooks(client, OneVersion(), AlwaysAllow()).validate(request)
    assert request.warnings == ["careful"]
    assert request.audit_annotations == {"warn/k": "v"}


async def test_a_failing_call_follows_the_failure_policy() -> None:
    stage = ValidatingWebhooks(ScriptedClient({}), OneVersion(), AlwaysAllow())
    await stage.validate(write(configuration("c", hook("dead", failurePolicy="Ignore"))))
    with pytest.raises(InternalError) as error:
        await stage.validate(write(configuration("c", hook("dead"))))
    why = 'failed calling webhook "dead": failed to call webhook: Post "dead?timeout=10s": connection refused'
    assert error.value.message == f"Internal error occurred: {why}"
    assert [cause.message for cause in error.value.causes] == [why]


async def test_an_invalid_answer_follows_the_failure_policy() -> None:
    stage = ValidatingWebhooks(ScriptedClient({"odd": lambda request: {"uid": "wrong"}}), OneVersion(), AlwaysAllow())
    await stage.validate(write(configuration("c", hook("odd", failurePolicy="Ignore"))))
    with pytest.raises(InternalError, match="received invalid webhook response: expected"):
        await stage.validate(write(configuration("c", hook("odd"))))


async def test_a_dry_run_is_refused_where_it_may_have_effects() -> None:
    client = ScriptedClient({"hook": lambda request: {}})
    stage = ValidatingWebhooks(client, OneVersion(), AlwaysAllow())
    for effects in ("None", "NoneOnDryRun"):
        await stage.validate(write(configuration("c", hook("hook", sideEffects=effects)), dry_run=True))
    with pytest.raises(BadRequest, match='admission webhook "hook" does not support dry run'):
        await stage.validate(write(configuration("c", hook("hook", sideEffects="Some")), dry_run=True))
    assert len(client.requests) == 2


async def test_webhooks_are_asked_at_once_and_the_first_refusal_counts() -> None:
    started, release = list[str](), asyncio.Event()

    class Slow(ScriptedClient):
        async def post(self, config: Any, body: bytes, **options: Any) -> bytes:
            started.append(config["url"])
            if len(started) == 2:
                release.set()
            await release.wait()
            return await super().post(config, body, **options)

    client = Slow({"one": lambda request: {}, "two": lambda request: DENY})
    with pytest.raises(APIError, match='"two" denied'):
        request = write(configuration("b", hook("two")), configuration("a", hook("one")))
        await ValidatingWebhooks(client, OneVersion(), AlwaysAllow()).validate(request)
    assert started == ["one", "two"]


async def test_configurations_are_compiled_again_when_they_change() -> None:
    client = ScriptedClient({"one": lambda request: {}, "two": lambda request: {}})
    stage = ValidatingWebhooks(client, OneVersion(), AlwaysAllow())
    for name in ("one", "one", "two"):
        await stage.validate(write(configuration("c", hook(name))))
    assert [name for name, _ in client.requests] == ["one", "one", "two"]


async def test_a_deletion_shows_the_old_object_only() -> None:
    client = ScriptedClient({"see": lambda request: {}})
    await ValidatingWebhooks(client, OneVersion(), AlwaysAllow()).validate(
        write(configuration("c", hook("see")), operation="DELETE", old=config_map())
    )
    assert (client.requests[0][1]["object"], client.requests[0][1]["oldObject"]) == (None, config_map())


async def test_match_conditions_decide_before_the_call() -> None:
    client = ScriptedClient({"deny": lambda request: DENY})
    stage = ValidatingWebhooks(client, OneVersion(), AlwaysAllow())
    spared = [{"name": "others", "expression": "object.metadata.name != 'a'"}]
    await stage.validate(write(configuration("c", hook("deny", matchConditions=spared))))
    assert client.requests == []
    with pytest.raises(APIError):
        await stage.validate(write(configuration("c", hook("deny", matchConditions=spared)), obj=config_map(name="b")))


async def test_a_failing_match_condition_follows_the_failure_policy() -> None:
    client = ScriptedClient({"deny": lambda request: DENY})
    stage = ValidatingWebhooks(client, OneVersion(), AlwaysAllow())
    broken = [{"name": "broken", "expression": "object.zz == 1"}]
    await stage.validate(write(configuration("c", hook("deny", matchConditions=broken, failurePolicy="Ignore"))))
    with pytest.raises(Forbidden, match="resulted in error: no such key: zz"):
        await stage.validate(write(configuration("c", hook("deny", matchConditions=broken))))
    assert client.requests == []
