"""IP addresses and CIDRs as Kubernetes 1.36 takes them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.apiserver.registry.builtin import world

from kubewright.apiserver.registry.builtin.addresses import cidr_warnings, ip_warnings, is_cidr, is_ip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("10.0.0.1", ""),
        ("2001:0DB8::1", ""),
        ("10.0.0.010", "must not have leading 0s"),
        ("::ffff:1.2.3.4", "must not be an IPv4-mapped IPv6 address"),
        ("fe80::1%eth0", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
        ("10.0.0", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
    ],
)
def test_an_address_is_written_one_way_or_refused(text: str, problem: str) -> None:
    assert is_ip(text) == ([problem] if problem else [])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("10.0.0.0/8", ""),
        ("192.168.0.5/32", ""),
        ("192.168.0.5/24", "must not have bits set beyond the prefix length"),
        ("10.0.0.0/08", "must not have leading 0s in IP or prefix length"),
        ("010.0.0.0/8", "must not have leading 0s in IP or prefix length"),
        ("::ffff:10.0.0.0/104", "must not have an IPv4-mapped IPv6 address"),
        ("10.0.0.0/33", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"),
        ("10.0.0.0", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"),
    ],
)
def test_a_cidr_names_a_network(text: str, problem: str) -> None:
    assert is_cidr(text) == ([problem] if problem else [])


def test_odd_forms_give_warnings() -> None:
    assert ip_warnings("10.0.0.1", "f") == []
    assert ip_warnings("2001:DB8:0::1", "f") == [
        'f: IPv6 address "2001:DB8:0::1" should be in RFC 5952 canonical format ("2001:db8::1")'
    ]
    [warning] = ip_warnings("::ffff:1.2.3.4", "f")
    assert warning.startswith('f: non-standard IP address "::ffff:1.2.3.4" will be considered invalid')
    assert warning.endswith('use "1.2.3.4"')
    assert cidr_warnings("2001:db8:0::/64", "f") == [
        'f: IPv6 CIDR value "2001:db8:0::/64" should be in RFC 5952 canonical format ("2001:db8::/64")'
    ]
    assert cidr_warnings("192.168.0.5/24", "f") == [
        'f: CIDR value "192.168.0.5/24" is ambiguous in this context (should be "192.168.0.0/24" or "192.168.0.5/32"?)'
    ]


def policy(cidr: str, direction: str = "ingress") -> dict[str, Any]:
    peers = {"ingress": "from", "egress": "to"}[direction]
    obj = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "default", "resourceVersion": "1"},
        "spec": {"podSelector": {}, direction: [{peers: [{"ipBlock": {"cidr": cidr}}]}]},
    }
    strategy = world.strategy("networking.k8s.io/v1", "NetworkPolicy")
    decoded = strategy.decode(obj, [])
    strategy.default(decoded)
    return decoded


def test_what_an_object_has_already_it_may_keep() -> None:
    strategy, reader = world.strategy("networking.k8s.io/v1", "NetworkPolicy"), world.World()
    old, new = policy("192.168.0.5/24"), policy("192.168.0.5/24", "egress")
    assert [cause.field for cause in strategy.validate(new, reader)] == ["spec.egress[0].to[0].ipBlock.cidr"]
    assert strategy.validate_update(new, old, reader) == []
    assert strategy.validate_update(policy("192.168.0.6/24"), old, reader)
    assert "is ambiguous" in strategy.warnings(new, old)[0]
