"""The table of the Ansible operator's own tests (internal/ansible/paramconv): roles rely on exactly these names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubewright.ansible.snake_case import snake_keys, to_camel, to_snake


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("var", "var"),
        ("var_var", "var_var"),
        ("size_k8s_test", "size_k8s_test"),
        ("888", "888"),
        ("k8s_var", "k8s_var"),
        ("_k8s_var", "_k8s_var"),
        ("k8s var", "k8s_var"),
        ("ThisShouldHaveUnderscores", "_this_should_have_underscores"),
        ("sizeK8sBuckets", "size_k8s_buckets"),
        ("_CanYou_Handle_mixedVars", "_can_you_handle_mixed_vars"),
        ("this_should_be_a_noop", "this_should_be_a_noop"),
        ("egressIPs", "egress_ips"),
        ("egressIPsEgress", "egress_ips_egress"),
        ("egressIPsegress", "egress_ips_egress"),
        ("IPsegress", "_ips_egress"),
        ("egressIP", "egress_ip"),
        ("egressIPEgress", "egress_ip_egress"),
        ("egressIPegress", "egress_ip_egress"),
        ("URLegressIPEgressHTTP", "url_egress_ip_egress_http"),
        ("URLsegressIPsEgressHTTPs", "_urls_egress_ips_egress_https"),
        ("THIS_IS_SKIP_NOT_SK_IP", "_this_is_skip_not_sk_ip"),
        ("serviceAccountName", "service_account_name"),
    ],
)
def test_names_become_snake_case(name: str, snake: str) -> None:
    assert to_snake(name) == snake


@pytest.mark.parametrize(
    ("name", "camel"),
    [
        ("var", "var"),
        ("appService", "appService"),
        ("app_8sk_", "app8Sk"),
        ("_app_8sk_test", "App8SkTest"),
        ("app_test", "appTest"),
        ("_app_test", "AppTest"),
        ("_app_test_k8s", "AppTestK8s"),
        ("var_k8s", "varK8s"),
        ("egressIPs", "egressIPs"),
    ],
)
def test_names_become_camel_case(name: str, camel: str) -> None:
    assert to_camel(name) == camel


def test_keys_are_converted_at_every_depth_and_values_nowhere() -> None:
    spec = {"imageName": "myImage", "podSpec": {"hostIP": None}, "envVars": [{"varName": "aB"}, "cD", 1]}
    assert snake_keys(spec) == {
        "image_name": "myImage",
        "pod_spec": {"host_ip": None},
        "env_vars": [{"var_name": "aB"}, "cD", 1],
    }


@given(st.from_regex(r"[a-z]{1,6}(_[a-z]{2,6}){0,3}", fullmatch=True))
def test_snake_case_stays_as_it_is(name: str) -> None:
    assert to_snake(name) == name
