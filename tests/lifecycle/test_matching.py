from typing import Any

import pytest
from tests.lifecycle.site import Site, SiteSpec, site

from kubewright.lifecycle import Matching, absent, present
from kubewright.lifecycle.matching import field_at, parts_of
from kubewright.objects.selectors import SelectorError

BLOG = site(labels={"app": "blog"}, annotations={"tier": "gold"}, spec=SiteSpec(host="a.example.com", replicas=3))


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, True),
        ({"labels": "app=blog,!debug"}, True),
        ({"labels": "app!=blog"}, False),
        ({"annotations": {"tier": "gold"}}, True),
        ({"annotations": {"tier": present}}, True),
        ({"annotations": {"tier": absent}}, False),
        ({"annotations": {"other": absent}}, True),
        ({"fields": {"spec.host": "a.example.com"}}, True),
        ({"fields": {"spec.host": "b.example.com"}}, False),
        ({"fields": {"spec.host": "a.example.com", "spec.replicas": 4}}, False),
        ({"fields": {"spec.replicas": lambda n: n > 2}}, True),
        ({"fields": {"spec.paused": False}}, True),
        ({"fields": {("metadata", "annotations", "tier"): "gold"}}, True),
        ({"when": lambda spec, labels: spec.replicas == 3 and "app" in labels}, True),
        ({"when": lambda name, **_: name == "shop"}, False),
        ({"labels": "app=blog", "fields": {"spec.host": absent}}, False),
    ],
)
def test_an_object_matches_if_all_that_is_given_holds(filters: dict[str, Any], expected: bool) -> None:
    assert Matching(Site, **filters)(BLOG) is expected


def test_mistakes_are_found_when_they_are_declared() -> None:
    with pytest.raises(ValueError, match=r"Site has no field spec\.hosst: SiteSpec has host, replicas, paused"):
        Matching(Site, fields={"spec.hosst": present})
    with pytest.raises(SelectorError):
        Matching(Site, labels="a in b")
    with pytest.raises(TypeError, match="asks for 'ctx'"):
        Matching(Site, when=lambda ctx: True)


def test_a_path_names_fields_as_json_does() -> None:
    parts = parts_of(Site, "metadata.creationTimestamp")
    assert field_at({"metadata": {"creationTimestamp": "now"}}, parts) == "now"
    assert field_at({"metadata": None}, parts) is None
