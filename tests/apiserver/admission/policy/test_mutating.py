import re
from dataclasses import replace
from typing import Any

import pytest
from tests.apiserver.admission.attributes import Objects, attributes, config_map
from tests.apiserver.admission.policy.fixtures import (
    RESOURCE,
    OneVersion,
    OnlyReads,
    binding,
    mutating,
    mutating_stage,
    policy,
)

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.policy import MutatingPolicies
from kubewright.apiserver.registry.builtin.base import BuiltinStrategy
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import Forbidden, InternalError


def apply(expression: str) -> Object:
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}


def patch(expression: str) -> Object:
    return {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}


def mutation(*mutations: Object, **spec: Any) -> Object:
    return policy(mutations=list(mutations), **spec)


async def run(reader: Objects, **request: Any) -> Attributes:
    write = attributes(reader=reader, **request)
    await mutating_stage().admit(write)
    return write


async def result(*policies: Object, **request: Any) -> Object:
    write = await run(mutating(*policies), **request)
    assert write.obj is not None
    return write.obj


async def test_an_applied_configuration_is_merged() -> None:
    expression = "Object{metadata: Object.metadata{labels: {'by': request.operation.lowerAscii()}}}"
    obj = await result(mutation(apply(expression)), obj=config_map(labels={"own": "1"}))
    assert obj["metadata"]["labels"] == {"own": "1", "by": "create", "defaulted": "yes"}


async def test_a_json_patch_is_carried_out() -> None:
    expression = """[
        JSONPatch{op: 'test', path: '/metadata/name', value: 'a'},
        JSONPatch{op: 'add', path: '/metadata/labels', value: {'x/y': '1'}},
        JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('p/q'), value: '2'}
    ]"""
    obj = await result(mutation(patch(expression)))
    assert obj["metadata"]["labels"] == {"x/y": "1", "p/q": "2", "defaulted": "yes"}


async def test_a_patch_whose_test_fails_changes_nothing() -> None:
    obj = await result(mutation(patch("[JSONPatch{op: 'test', path: '/metadata/name', value: 'z'}]")))
    assert obj == config_map()


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        ("op: 'remove', path: '/metadata/z'", "error in remove for path: '/metadata/z': Unable to remove nonexistent"),
        ("op: 'add', path: '/x/y/z'", 'add operation does not apply: doc is missing path: "/x/y/z"'),
        ("op: 'mend', path: '/data'", "JSONPath: Unexpected kind: mend"),
    ],
)
async def test_patches_that_cannot_be_carried_out(operation: str, text: str) -> None:
    with pytest.raises(Forbidden, match=re.escape(text)):
        await result(mutation(patch(f"[JSONPatch{{{operation}}}]")))


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        ("op: 'add', path: '/data', value: {'n': 1}", "json: cannot unmarshal number"),
        ("op: 'add', path: '/what', value: 1", 'strict decoding error: unknown field "what"'),
    ],
)
async def test_what_a_patch_makes_has_to_be_an_object_of_its_kind(operation: str, text: str) -> None:
    strategy = BuiltinStrategy("io.k8s.api.core.v1.ConfigMap")
    resource = replace(RESOURCE, strategy_source=lambda: strategy)
    stage = MutatingPolicies(OneVersion(), lambda kind: resource, OnlyReads())
    with pytest.raises(InternalError, match=re.escape(text)):
        await stage.admit(attributes(reader=mutating(mutation(patch(f"[JSONPatch{{{operation}}}]")))))


async def test_later_mutations_see_what_earlier_ones_made() -> None:
    first = apply("Object{data: {'a': '1'}}")
    second = apply("Object{data: {'b': object.data.a + '!'}}")
    assert (await result(mutation(first, second)))["data"] == {"a": "1", "b": "1!"}


async def test_an_atomic_list_cannot_be_applied() -> None:
    with pytest.raises(Forbidden) as raised:
        await result(mutation(apply("Object{atomic: ['x']}")))
    assert raised.value.message == (
        "policy 'pol' with binding 'bind' denied request: "
        "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .atomic"
    )
    assert raised.value.status_reason == "Invalid"


async def test_a_configuration_has_to_fit_the_schema() -> None:
    with pytest.raises(Forbidden, match="failed to convert patch object to typed object: "):
        await result(mutation(apply("Object{data: {'x': 1}}")))


async def test_objects_are_named_after_their_fields() -> None:
    with pytest.raises(Forbidden, match=r'unexpected type name "Object\.data", expected "Object\.metadata"'):
        await result(mutation(apply("Object{metadata: Object.data{labels: {'a': 'b'}}}")))


async def test_errors_are_passed_over_if_the_failure_policy_says_so() -> None:
    broken = mutation(apply("Object{data: {'x': object.zz}}"), failurePolicy="Ignore")
    assert "data" not in await result(broken)


async def test_match_conditions_can_spare_an_object() -> None:
    conditions = [{"name": "others", "expression": "object.metadata.name != 'a'"}]
    spared = mutation(apply("Object{data: {'x': '1'}}"), matchConditions=conditions)
    assert "data" not in await result(spared)


async def test_the_given_object_is_left_as_it_was() -> None:
    obj = config_map()
    await result(mutation(apply("Object{data: {'x': '1'}}")), obj=obj)
    assert obj == config_map()


async def test_a_change_asks_for_reinvocation_of_those_that_want_it() -> None:
    eager = mutation(apply("Object{data: {'eager': has(object.data) ? 'late' : 'early'}}"), name="a")
    eager["spec"]["reinvocationPolicy"] = "IfNeeded"
    other = mutation(apply("Object{data: {'other': '1'}}"), name="b")
    bindings = [binding(name="x", policy_name="a"), binding(name="y", policy_name="b")]
    stage, write = mutating_stage(), attributes(reader=mutating(eager, other, bindings=bindings))
    await stage.admit(write)
    assert write.obj is not None
    assert write.obj["data"] == {"eager": "early", "other": "1"}
    assert write.reinvocation.needed
    write.reinvocation.again = True
    await stage.admit(write)
    assert write.obj["data"] == {"eager": "late", "other": "1"}


async def test_deletions_are_not_touched() -> None:
    write = await run(mutating(mutation(apply("Object{}"))), operation="DELETE", old=config_map())
    assert write.obj is None
