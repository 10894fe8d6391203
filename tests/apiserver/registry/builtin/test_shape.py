"""Objects are read and printed as Go's types are."""

from __future__ import annotations

import pytest

from kubewright.apiserver.registry.builtin.shape import decode
from kubewright.apiserver.registry.strategy import DecodeError, Object

POD = "io.k8s.api.core.v1.Pod"


def pod(container: Object) -> Object:
    return {"metadata": {}, "spec": {"containers": [{"name": "c"} | container]}}


def container(given: Object) -> Object:
    found: Object = decode(POD, pod(given), [])["spec"]["containers"][0]
    return found


def test_quantities_become_canonical() -> None:
    resources = container({"resources": {"limits": {"cpu": "1000m", "memory": 1024}}})["resources"]
    assert resources == {"limits": {"cpu": "1", "memory": "1024"}}


def test_zero_values_go_where_go_omits_them() -> None:
    given = {"tty": False, "image": "", "ports": [], "env": None, "livenessProbe": {"timeoutSeconds": 0}}
    assert container(given) == {"name": "c", "resources": {}, "livenessProbe": {}}


def test_pointers_keep_their_zero() -> None:
    context = {"privileged": False, "runAsUser": 0}
    assert container({"securityContext": context})["securityContext"] == context


def test_structs_and_required_fields_are_always_there() -> None:
    node = decode("io.k8s.api.core.v1.Node", {"metadata": {"name": "n"}}, [])
    assert node["spec"] == {}
    assert node["status"]["daemonEndpoints"] == {"kubeletEndpoint": {"Port": 0}}
    assert decode("io.k8s.api.rbac.v1.Role", {"rules": []}, [])["rules"] is None


def test_times_are_in_utc() -> None:
    lease = "io.k8s.api.coordination.v1.Lease"
    spec = decode(lease, {"spec": {"renewTime": "2020-01-01T02:00:00.1234567+02:00"}}, [])["spec"]
    assert spec["renewTime"] == "2020-01-01T00:00:00.123456Z"
    metadata = decode(lease, {"metadata": {"creationTimestamp": "2020-01-01T00:00:00Z"}}, [])["metadata"]
    assert metadata["creationTimestamp"] == "2020-01-01T00:00:00Z"


def test_unknown_fields_are_left_out_and_named() -> None:
    unknown: list[str] = []
    obj = pod({"imagee": "x", "ports": [{"containerPort": 1, "foo": 2}]}) | {"wrong": 1}
    decoded = decode(POD, obj, unknown)
    assert unknown == ["spec.containers[0].imagee", "spec.containers[0].ports[0].foo", "wrong"]
    assert "wrong" not in decoded


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"image": 3},
            "json: cannot unmarshal number into Go struct field Container.spec.containers.image of type string",
        ),
        (
            {"ports": {}},
            "json: cannot unmarshal object into Go struct field Container.spec.containers.ports of type []",
        ),
        ({"resources": {"limits": {"cpu": "abc"}}}, "quantities must match the regular expression"),
    ],
)
def test_wrong_types_are_worded_as_go_words_them(given: Object, message: str) -> None:
    with pytest.raises(DecodeError) as refused:
        decode(POD, pod(given), [])
    assert str(refused.value).startswith(message)


def test_binary_data_has_to_be_base64() -> None:
    config_map = "io.k8s.api.core.v1.ConfigMap"
    assert decode(config_map, {"binaryData": {"k": "AAEC"}}, [])["binaryData"] == {"k": "AAEC"}
    with pytest.raises(DecodeError):
        decode(config_map, {"binaryData": {"k": "not base64!"}}, [])


def test_decoding_what_was_decoded_changes_nothing() -> None:
    once = decode(POD, pod({"resources": {"limits": {"cpu": "0.5"}}, "stdin": True}), [])
    assert decode(POD, once, []) == once
