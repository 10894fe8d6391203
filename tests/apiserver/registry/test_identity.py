"""Which object a write is about, and what of it no client may change."""

from __future__ import annotations

from typing import Any

import pytest

from kubewright.apiserver.registry import identity
from kubewright.apiserver.registry.builtin import builtin_resources
from kubewright.apiserver.registry.resource import Resource
from kubewright.objects.errors import APIError, BadRequest, Conflict, Invalid

OLD = {"metadata": {"name": "a", "uid": "u", "resourceVersion": "5", "creationTimestamp": "t", "generation": 2}}


def resource(plural: str) -> Resource:
    return next(one for one in builtin_resources() if one.plural == plural)


def obj(**metadata: Any) -> Any:
    return {"metadata": {"name": "a", **metadata}}


def test_an_object_lies_where_its_url_says() -> None:
    assert identity.place({}, "b") == {"namespace": "b"}
    assert identity.place(obj(namespace="b"), "") == {"name": "a"}
    with pytest.raises(BadRequest):
        identity.place(obj(namespace="b"), "c")


@pytest.mark.parametrize("name", ["", "b"])
def test_an_object_has_the_name_of_its_url(name: str) -> None:
    with pytest.raises(BadRequest):
        identity.named(obj(name=name), "", "a")


@pytest.mark.parametrize("found", ["", "other"])
def test_an_object_with_another_uid_is_another(found: str) -> None:
    maps = resource("configmaps")
    identity.require_same(maps, "b", "a", wanted="u", found="u")
    with pytest.raises(Conflict) as caught:
        identity.require_same(maps, "b", "a", wanted="u", found=found)
    assert caught.value.message.endswith(f"UID in precondition: u, UID in object meta: {found}")
    assert "Key: /registry/configmaps/b/a," in caught.value.message


def test_what_the_server_set_stays() -> None:
    new = obj(uid="", creationTimestamp="later", deletionTimestamp="now", generation=9, selfLink="/x")
    identity.keep(new, OLD)
    assert new == obj(uid="u", creationTimestamp="t", generation=2)


@pytest.mark.parametrize("version", ["", "0"])
def test_a_version_may_be_left_out_where_the_kind_allows_it(version: str) -> None:
    new = obj(resourceVersion=version)
    identity.check_version(resource("configmaps"), new, OLD)
    assert new["metadata"]["resourceVersion"] == "5"
    with pytest.raises(Invalid):
        identity.check_version(resource("leases"), obj(resourceVersion=version), OLD)


@pytest.mark.parametrize(("version", "error"), [("4", Conflict), ("6", Conflict), ("x", APIError)])
def test_an_update_starts_from_the_live_object(version: str, error: type[APIError]) -> None:
    with pytest.raises(error):
        identity.check_version(resource("configmaps"), obj(resourceVersion=version), OLD)
