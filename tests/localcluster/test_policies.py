from tests.localcluster.waiting import eventually

from kubewright.client import Client
from kubewright.objects import ObjectMeta
from kubewright.objects.admissionregistration_v1 import (
    MatchResources,
    NamedRuleWithOperations,
    ParamKind,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicySpec,
    Validation,
)
from kubewright.objects.apiextensions_v1 import (
    CustomResourceDefinition,
    CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec,
    CustomResourceDefinitionVersion,
    CustomResourceValidation,
)


def policy(name: str, expression: str, group: str, resource: str) -> ValidatingAdmissionPolicy:
    rule = NamedRuleWithOperations(api_groups=[group], api_versions=["v1"], resources=[resource], operations=["CREATE"])
    spec = ValidatingAdmissionPolicySpec(
        match_constraints=MatchResources(resource_rules=[rule]),
        param_kind=ParamKind(api_version="example.com/v1", kind="Widget"),
        validations=[Validation(expression=expression)],
    )
    return ValidatingAdmissionPolicy(metadata=ObjectMeta(name=name), spec=spec)


def definition() -> CustomResourceDefinition:
    schema = {"type": "object", "properties": {"size": {"type": "integer"}}}
    version = CustomResourceDefinitionVersion(
        name="v1", served=True, storage=True, schema=CustomResourceValidation(open_api_v3_schema=schema)
    )
    names = CustomResourceDefinitionNames(plural="widgets", kind="Widget")
    spec = CustomResourceDefinitionSpec(group="example.com", names=names, scope="Cluster", versions=[version])
    return CustomResourceDefinition(metadata=ObjectMeta(name="widgets.example.com"), spec=spec)


async def warnings(client: Client, name: str, generation: int) -> list[str]:
    async def observed() -> ValidatingAdmissionPolicy | None:
        found = await client.get(ValidatingAdmissionPolicy, name)
        return found if found.status.observed_generation == generation else None

    checking = (await eventually(observed)).status.type_checking
    assert checking is not None
    return [one.warning for one in checking.expression_warnings]


async def test_a_policy_tells_which_expressions_do_not_fit(client: Client) -> None:
    await client.create(policy("p", "object.replicas < 3", "apps", "deployments"))
    assert "undefined field 'replicas'" in (await warnings(client, "p", 1))[0]
    good = [{"expression": "object.spec.replicas < 3"}]
    await client.patch(ValidatingAdmissionPolicy, "p", merge={"spec": {"validations": good}})
    assert await warnings(client, "p", 2) == []


async def test_custom_kinds_and_parameters_have_their_schemas(client: Client) -> None:
    await client.create(definition())

    async def served() -> bool:
        found = await client.get(CustomResourceDefinition, "widgets.example.com")
        return any(one.type == "Established" and one.status == "True" for one in found.status.conditions)

    await eventually(served)
    await client.create(policy("p", "object.size < params.size", "example.com", "widgets"))
    assert await warnings(client, "p", 1) == []
    await client.create(policy("q", "object.weight < params.height", "example.com", "widgets"))
    [warning] = await warnings(client, "q", 1)
    assert "undefined field 'weight'" in warning
    assert "undefined field 'height'" in warning
