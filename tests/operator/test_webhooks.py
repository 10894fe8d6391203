from __future__ import annotations

import pytest

from kubewright import Operator, Resource, Spec, Status
from kubewright.schema import SchemaError


class SiteSpec(Spec):
    host: str | None = None


class SiteStatus(Status):
    ready: bool = False


class Website(Resource[SiteSpec, SiteStatus]): ...


class OldSite(Resource[SiteSpec, SiteStatus]): ...


def two_versions() -> Operator:
    sites = Operator("sites")
    sites.resource(group="web.example.com", version="v1alpha1", kind="Website")(OldSite)
    sites.resource(group="web.example.com", version="v1", storage=True)(Website)
    return sites


def test_versions_that_are_converted_say_where() -> None:
    sites = two_versions()
    sites.convert(OldSite, Website)(lambda old: Website(spec=old.spec))
    sites.convert(Website, OldSite, lossless=True)(lambda new: OldSite(spec=new.spec))
    (crd,) = sites.crds(sites.service)
    assert crd.spec.conversion and crd.spec.conversion.webhook and crd.spec.conversion.webhook.client_config
    service = crd.spec.conversion.webhook.client_config.service
    assert service and (service.namespace, service.name, service.path) == ("sites-system", "sites-webhook", "/convert")
    (needed,) = [need for need in sites.needs(webhooks=True) if need.group == "apiextensions.k8s.io"]
    assert (needed.resource, needed.verbs) == ("customresourcedefinitions", ("get", "patch"))


def test_a_version_that_nothing_leads_to_is_named_when_definitions_are_made() -> None:
    sites = two_versions()
    sites.convert(OldSite, Website)(lambda old: Website(spec=old.spec))
    with pytest.raises(SchemaError, match=r"no functions convert web.example.com/v1 to web.example.com/v1alpha1"):
        sites.crds()
