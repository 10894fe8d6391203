from __future__ import annotations

from typing import Annotated

from kubewright.objects.core_v1 import LocalObjectReference
from kubewright.schema import Descriptor, Listing, Meta, Resource, Spec, Status, custom_resource
from kubewright.schema.listing import shown
from kubewright.schema.types import schema_of

SIZE = Descriptor("Size", ["urn:alm:descriptor:com.tectonic.ui:podCount"], order=1)
PHASE = Descriptor("Phase")
HOST = Descriptor(x_descriptors=["urn:alm:descriptor:text"])


class Site(Spec):
    host_name: Annotated[str, HOST]


class AppSpec(Spec):
    size: Annotated[int, Meta(ge=1), SIZE] = 1
    sites: list[Site] = []
    main: Site | None = None
    secret: LocalObjectReference | None = None
    labels: dict[str, str] = {}


class AppStatus(Status):
    phase: Annotated[str | None, PHASE] = None


LISTING = Listing(display_name="Application", resources=[("Deployment", "v1", "app")], order=2)


@custom_resource(group="example.com", version="v1", listing=LISTING)
class App(Resource[AppSpec, AppStatus]): ...


def test_descriptors_are_found_at_any_depth() -> None:
    found = shown(App)
    assert found.listing is LISTING
    assert found.spec == {"size": SIZE, "sites[0].hostName": HOST, "main.hostName": HOST}
    assert found.status == {"phase": PHASE}


def test_a_kind_without_spec_and_status_shows_nothing() -> None:
    @custom_resource(group="example.com", version="v1", kind="Bare")
    class Bare(Resource[None, None]): ...

    assert (shown(Bare).spec, shown(Bare).status) == ({}, {})


def test_the_schema_does_not_change() -> None:
    assert schema_of(AppSpec)["properties"]["size"] == {"type": "integer", "minimum": 1, "default": 1}
