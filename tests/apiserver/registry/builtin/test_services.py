"""Services get addresses and ports, keep them, and give them back."""

from __future__ import annotations

import copy
import ipaddress

import pytest
from tests.apiserver.registry.builtin.world import World, created, decoded, fields_and_reasons, problems, strategy

from kubewright.apiserver.registry.builtin.service_allocation import NODE_PORTS, SERVICE_NETWORK
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import Invalid

SERVICE = ("v1", "Service")


def service(**spec: object) -> Object:
    return {"spec": {"ports": [{"port": 80}], "selector": {"app": "a"}, **spec}}


def updated(old: Object, **spec: object) -> Object:
    new = copy.deepcopy(old)
    new["spec"] |= spec
    new["spec"] = {key: value for key, value in new["spec"].items() if value is not None}
    strategy(*SERVICE).default(new)
    strategy(*SERVICE).prepare_for_update(new, old, World())
    return new


def test_a_service_gets_an_address_of_the_network() -> None:
    spec = created(*SERVICE, service())["spec"]
    assert ipaddress.ip_address(spec["clusterIP"]) in SERVICE_NETWORK
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"], spec["internalTrafficPolicy"]) == (
        ["IPv4"],
        "SingleStack",
        "Cluster",
    )
    assert spec["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]


def test_an_address_belongs_to_one_service() -> None:
    world = World()
    first = created(*SERVICE, service(), world)
    world.add("", "services", first)
    second = decoded(*SERVICE, service(clusterIP=first["spec"]["clusterIP"]))
    with pytest.raises(Invalid, match="provided IP is already allocated"):
        strategy(*SERVICE).prepare_for_create(second, world)


def test_headless_and_external_services_have_none() -> None:
    assert created(*SERVICE, service(clusterIP="None"))["spec"]["clusterIPs"] == ["None"]
    external = created(*SERVICE, service(type="ExternalName", externalName="a.example.com", ports=None))["spec"]
    assert "clusterIP" not in external
    assert "ipFamilies" not in external


def test_node_ports_are_given_once() -> None:
    world = World()
    first = created(*SERVICE, service(type="NodePort"), world)
    number = first["spec"]["ports"][0]["nodePort"]
    assert number in NODE_PORTS
    world.add("", "services", first)
    second = decoded(*SERVICE, service(type="NodePort", ports=[{"port": 80, "nodePort": number}]))
    with pytest.raises(Invalid, match="provided port is already allocated"):
        strategy(*SERVICE).prepare_for_create(second, world)


def test_an_update_without_an_address_keeps_it() -> None:
    old = created(*SERVICE, service(type="NodePort"))
    new = updated(old, clusterIP=None, clusterIPs=None, ports=[{"port": 80}])
    assert new["spec"]["clusterIP"] == old["spec"]["clusterIP"]
    assert new["spec"]["ports"][0]["nodePort"] == old["spec"]["ports"][0]["nodePort"]


def test_the_address_cannot_be_changed() -> None:
    old = created(*SERVICE, service())
    new = updated(old, clusterIP="None", clusterIPs=["None"])
    found = fields_and_reasons(strategy(*SERVICE).validate_update(new, old, World()))
    assert found == [("spec.clusterIPs[0]", "FieldValueInvalid")]


def test_what_another_type_needed_is_given_back() -> None:
    old = created(*SERVICE, service(type="NodePort"))
    plain = updated(old, type="ClusterIP")
    assert "nodePort" not in plain["spec"]["ports"][0]
    external = updated(old, type="ExternalName", externalName="x.example.com")
    assert "clusterIP" not in external["spec"]


@pytest.mark.parametrize(
    ("spec", "faults"),
    [
        ({"ports": []}, {"spec.ports"}),
        ({"ports": [{"port": 80}, {"port": 81}]}, {"spec.ports[0].name", "spec.ports[1].name"}),
        ({"ports": [{"port": 80, "protocol": "FOO"}]}, {"spec.ports[0].protocol"}),
        ({"ports": [{"port": 80, "nodePort": 30000}]}, {"spec.ports[0].nodePort"}),
        ({"type": "ExternalName"}, {"spec.externalName"}),
        ({"sessionAffinity": "Sticky"}, {"spec.sessionAffinity"}),
        ({"healthCheckNodePort": 30001}, {"spec.healthCheckNodePort"}),
    ],
)
def test_faults_are_reported_at_their_fields(spec: Object, faults: set[str]) -> None:
    assert {field for field, _ in problems(*SERVICE, service(**spec))} == faults


def test_kubectl_sees_where_a_service_is() -> None:
    obj = created(*SERVICE, service(type="LoadBalancer"))
    obj["spec"]["ports"][0]["nodePort"] = 30080
    cells = strategy(*SERVICE).cells(obj)
    assert cells[1:5] == ["LoadBalancer", obj["spec"]["clusterIP"], "<pending>", "80:30080/TCP"]


def test_a_name_may_begin_with_a_digit() -> None:
    assert problems(*SERVICE, {"metadata": {"name": "1a"}, **service()}) == []
    assert problems(*SERVICE, {"metadata": {"name": "a.b"}, **service()}) == [("metadata.name", "FieldValueInvalid")]


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({}, "spec.externalIPs is deprecated and may no longer be implemented in some clusters"),
        ({"clusterIP": "None"}, "spec.externalIPs is ignored for headless services"),
        (
            {"type": "ExternalName", "externalName": "a.b"},
            'spec.externalIPs is ignored when spec.type is "ExternalName"',
        ),
    ],
)
def test_external_addresses_are_told_of_once(spec: Object, text: str) -> None:
    obj = decoded(*SERVICE, service(externalIPs=["1.2.3.4"], **spec))
    assert strategy(*SERVICE).warnings(obj, None) == [text]
