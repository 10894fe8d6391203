from __future__ import annotations

from typing import Annotated

import yaml
from msgspec import field
from tests.serving import api_server

from kubewright.objects import ObjectMeta, Unstructured
from kubewright.objects.apps_v1 import Deployment
from kubewright.objects.core_v1 import ConfigMap, Namespace
from kubewright.operator import Operator
from kubewright.packaging.generated import (
    crd_files,
    doc_files,
    policy_files,
    rbac_files,
    rules_of,
    schema_files,
    webhook_files,
)
from kubewright.schema import Resource, Rule, Spec, Status


class SiteSpec(Spec):
    host: str = ""


def operator() -> Operator:
    op = Operator("sites")

    @op.resource(group="web.example.com", version="v1")
    class Site(Resource[SiteSpec, Status]): ...

    @op.reconcile(Site, owns=[Deployment, ConfigMap])
    async def reconcile(site: Site, ctx: object) -> None: ...

    @op.validate(Site)
    def validate(new: Site, old: Site | None) -> None: ...

    @op.default(Site)
    def default(site: Site) -> None: ...

    return op


async def test_the_api_server_accepts_everything_under_strict_validation() -> None:
    op = operator()
    files = crd_files(op) | rbac_files(op) | webhook_files(op, namespace="default")
    async with api_server() as server:
        client = server.client()
        await client.create(Namespace(metadata=ObjectMeta(name="sites-system")))
        for text in files.values():
            for document in yaml.safe_load_all(text):
                created = await client.create(Unstructured(document), field_validation="Strict")
                assert created.metadata.uid


def test_generating_twice_gives_the_same_bytes() -> None:
    for make in (crd_files, rbac_files, schema_files, doc_files):
        assert make(operator()) == make(operator())


def test_children_are_granted_and_leases_are_not() -> None:
    rules = rules_of(operator())
    children = next(rule for rule in rules if "apps" in rule.api_groups)
    assert set(children.verbs) >= {"create", "delete", "patch", "watch"}
    assert not any("coordination.k8s.io" in rule.api_groups for rule in rules)


def test_an_operator_without_webhooks_has_no_configurations() -> None:
    assert webhook_files(Operator("plain"), namespace="default") == {}


def test_rules_become_policies_and_say_what_they_leave_out() -> None:
    sites = Operator("sites")
    sites.resource(group="web.example.com", version="v1")(Ruled)
    (text,) = policy_files(sites).values()
    assert [obj["kind"] for obj in yaml.safe_load_all(text)] == [
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    ]
    assert "# Left to the definition: v1 spec: self.__import__ != 'x': a policy can't spell a field" in text
    assert policy_files(operator()) == {}


@Rule("self.__import__ != 'x'")
class RuledSpec(Spec):
    host: Annotated[str, Rule("self != ''", "must not be empty")] = "localhost"
    import_: str = field(default="", name="import")


class Ruled(Resource[RuledSpec, None]): ...
