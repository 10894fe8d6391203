from typing import Any

import pytest
from tests.apiserver.admission.attributes import Objects, attributes, config_map
from tests.apiserver.admission.webhooks.scripted import OneVersion, ScriptedClient, configuration, hook, patch

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.chain import Chain
from kubewright.apiserver.admission.webhooks import MutatingWebhooks
from kubewright.apiserver.auth.authorizer import AlwaysAllow
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import InternalError

LABEL = patch({"op": "add", "path": "/metadata/labels", "value": {"mutated": "yes"}})


def write(*configurations: Object, **fields: Any) -> Attributes:
    return attributes(reader=Objects(mutatingwebhookconfigurations=list(configurations)), **fields)


async def test_a_patch_changes_the_object_which_is_then_defaulted() -> None:
    client = ScriptedClient({"label": lambda request: LABEL})
    request = write(configuration("c", hook("label")))
    await MutatingWebhooks(client, OneVersion(), AlwaysAllow()).admit(request)
    assert request.obj == config_map(labels={"mutated": "yes"}) | {"data": {}}


async def test_webhooks_run_by_configuration_name_and_each_sees_the_former_ones_patch() -> None:
    client = ScriptedClient(
        {
            "first": lambda request: patch({"op": "add", "path": "/metadata/annotations", "value": {"first": "1"}}),
            "second": lambda request: patch({"op": "add", "path": "/metadata/annotations/second", "value": "2"}),
            "third": lambda request: {},
        }
    )
    request = write(configuration("b", hook("third")), configuration("a", hook("first"), hook("second")))
    await MutatingWebhooks(client, OneVersion(), AlwaysAllow()).admit(request)
    assert [name for name, _ in client.requests] == ["first", "second", "third"]
    assert client.requests[-1][1]["object"]["metadata"]["annotations"] == {"first": "1", "second": "2"}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (patch({"op": "remove", "path": "/nothing/here"}), "Internal error occurred: "),
        (LABEL | {"patchType": "MergePatch"}, 'unsupported patch type "MergePatch"'),
        ({"patchType": "JSONPatch", "patch": "e30="}, "Internal error occurred: "),
    ],
)
async def test_a_patch_that_cannot_be_applied_is_an_internal_error(answer: dict[str, Any], why: str) -> None:
    client = ScriptedClient({"bad": lambda request: answer})
    request = write(configuration("c", hook("bad")))
    with pytest.raises(InternalError, match=why):
        await MutatingWebhooks(client, OneVersion(), AlwaysAllow()).admit(request)
    assert request.obj == config_map()


async def test_a_deletion_cannot_be_patched() -> None:
    client = ScriptedClient({"label": lambda request: LABEL})
    with pytest.raises(InternalError, match='"label" attempted to modify the object, which is not supported'):
        request = write(configuration("c", hook("label")), operation="DELETE", old=config_map())
        await MutatingWebhooks(client, OneVersion(), AlwaysAllow()).admit(request)


async def test_a_failing_webhook_is_passed_over_under_ignore() -> None:
    request = write(configuration("c", hook("dead", failurePolicy="Ignore")))
    await MutatingWebhooks(ScriptedClient({}), OneVersion(), AlwaysAllow()).admit(request)
    assert request.obj == config_map()


def counting(client: ScriptedClient) -> list[str]:
    return [name for name, _ in client.requests]


async def test_a_webhook_that_asked_for_it_is_called_again_after_a_later_change() -> None:
    client = ScriptedClient({"early": lambda request: {}, "never": lambda request: {}, "late": lambda request: LABEL})
    request = write(configuration("c", hook("early", reinvocationPolicy="IfNeeded"), hook("never"), hook("late")))
    await Chain([MutatingWebhooks(client, OneVersion(), AlwaysAllow())]).admit(request)
    assert counting(client) == ["early", "never", "late", "early"]


async def test_a_webhook_is_not_called_again_over_its_own_change() -> None:
    client = ScriptedClient({"only": lambda request: LABEL})
    request = write(configuration("c", hook("only", reinvocationPolicy="IfNeeded")))
    await Chain([MutatingWebhooks(client, OneVersion(), AlwaysAllow())]).admit(request)
    assert counting(client) == ["only"]


async def test_a_change_by_another_stage_in_the_second_pass_calls_webhooks_again() -> None:
    class Annotate:
        async def admit(self, attributes: Attributes) -> None:
            assert attributes.obj
            if attributes.reinvocation.again:
                attributes.obj["metadata"]["annotations"] = {"by": "a stage in the server"}
            attributes.reinvocation.needed = True

    client = ScriptedClient({"hook": lambda request: {}})
    request = write(configuration("c", hook("hook", reinvocationPolicy="IfNeeded")))
    await Chain([Annotate(), MutatingWebhooks(client, OneVersion(), AlwaysAllow())]).admit(request)
    assert counting(client) == ["hook", "hook"]


async def test_match_conditions_decide_before_the_call() -> None:
    client = ScriptedClient({"label": lambda request: LABEL})
    spared = [{"name": "others", "expression": "object.metadata.name != 'a'"}]
    request = write(configuration("c", hook("label", matchConditions=spared)))
    await MutatingWebhooks(client, OneVersion(), AlwaysAllow()).admit(request)
    assert client.requests == []
