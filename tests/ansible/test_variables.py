from __future__ import annotations

from typing import Any

from kubewright.ansible.variables import extra_variables, mark_unsafe
from kubewright.ansible.watches import Finalizer, Play, Watch
from kubewright.objects.names import GroupVersionKind

OBJECT: dict[str, Any] = {
    "apiVersion": "cert-manager.example.io/v1",
    "kind": "WebSite",
    "metadata": {"name": "a", "namespace": "b"},
    "spec": {"imageName": "{{ lookup('pipe', 'id') }}", "replicas": 2, "hosts": [{"hostIP": "x"}]},
}


def watch(**fields: Any) -> Watch:
    kind = GroupVersionKind("cert-manager.example.io", "v1", "WebSite")
    return Watch(kind=kind, play=Play(role="/roles/site"), **fields)


def test_a_play_knows_the_object_in_all_the_operators_forms() -> None:
    variables = extra_variables(watch(mark_unsafe=False), OBJECT, finalizing=False)
    assert variables == {
        "image_name": "{{ lookup('pipe', 'id') }}",
        "replicas": 2,
        "hosts": [{"host_ip": "x"}],
        "ansible_operator_meta": {"name": "a", "namespace": "b"},
        "_cert_manager_example_io_website": OBJECT,
        "_cert_manager_example_io_website_spec": OBJECT["spec"],
    }


def test_text_from_the_object_is_marked_unsafe_in_every_form() -> None:
    variables = extra_variables(watch(), OBJECT, finalizing=False)
    text = {"__ansible_unsafe": "{{ lookup('pipe', 'id') }}"}
    assert variables["image_name"] == text
    assert variables["_cert_manager_example_io_website"]["spec"]["imageName"] == text
    assert variables["_cert_manager_example_io_website_spec"]["imageName"] == text
    assert variables["ansible_operator_meta"] == {"name": "a", "namespace": "b"}


def test_names_stay_where_they_shall_not_become_snake_case() -> None:
    variables = extra_variables(watch(snake_case=False), OBJECT, finalizing=False)
    assert "imageName" in variables and "image_name" not in variables


def test_the_watchs_variables_win_and_the_finalizers_over_them() -> None:
    finalizer = Finalizer("a/b", None, {"state": "absent"})
    both = watch(vars={"state": "present", "replicas": 7}, finalizer=finalizer)
    assert extra_variables(both, OBJECT, finalizing=False)["state"] == "present"
    assert extra_variables(both, OBJECT, finalizing=True)["state"] == "absent"
    assert extra_variables(both, OBJECT, finalizing=True)["replicas"] == 7


def test_an_object_without_a_spec_has_none() -> None:
    secret = {"metadata": {"name": "a"}, "data": {"x": "eA=="}}
    variables = extra_variables(watch(), secret, finalizing=False)
    assert variables["_cert_manager_example_io_website_spec"] == {}
    assert variables["ansible_operator_meta"] == {"name": "a", "namespace": ""}


def test_only_texts_are_marked() -> None:
    assert mark_unsafe([1, None, True, "a", {"b": "c"}]) == [
        1,
        None,
        True,
        {"__ansible_unsafe": "a"},
        {"b": {"__ansible_unsafe": "c"}},
    ]
