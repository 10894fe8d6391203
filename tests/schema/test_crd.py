from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Any

import pytest
from msgspec import field

from kubewright.objects import Condition, ObjectMeta, from_json, to_dict, to_json
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.core_v1 import PersistentVolumeClaim
from kubewright.schema import (
    AtMostOneOf,
    Column,
    Immutable,
    Meta,
    Resource,
    Rule,
    Scale,
    SchemaError,
    Spec,
    Status,
    custom_resource,
)
from kubewright.schema.crd import crd


class WebsiteSpec(Spec):
    image: Annotated[str, Meta(min_length=1)] = "nginx:1.27"
    replicas: Annotated[int, Meta(ge=0, le=100)] = 1
    host: str | None = None


class WebsiteStatus(Status):
    ready_replicas: int = 0
    conditions: list[Condition] = []
    selector: str | None = None


@custom_resource(
    group="web.example.com",
    version="v1",
    short_names=["ws"],
    categories=["all"],
    columns=[Column("Ready", ".status.readyReplicas", "integer"), Column("Age", ".metadata.creationTimestamp", "date")],
    scale=Scale(status_path=".status.readyReplicas", selector_path=".status.selector"),
    selectable_fields=[".spec.host"],
    labels={"a": "b"},
    deprecated="use v2",
)
class Website(Resource[WebsiteSpec, WebsiteStatus]):
    """A website."""


@custom_resource(group="web.example.com", version="v1alpha1", kind="Website", storage=False, served=False)
class WebsiteV1Alpha1(Resource[WebsiteSpec, None]): ...


def test_the_definition_carries_everything_declared() -> None:
    made = to_dict(crd(Website))
    assert made["apiVersion"] == "apiextensions.k8s.io/v1"
    assert made["metadata"] == {"name": "websites.web.example.com", "labels": {"a": "b"}}
    assert made["spec"]["names"] == {
        "kind": "Website",
        "listKind": "WebsiteList",
        "plural": "websites",
        "singular": "website",
        "shortNames": ["ws"],
        "categories": ["all"],
    }
    assert made["spec"]["scope"] == "Namespaced"
    (version,) = made["spec"]["versions"]
    schema = version.pop("schema")["openAPIV3Schema"]
    assert version == {
        "name": "v1",
        "served": True,
        "storage": True,
        "deprecated": True,
        "deprecationWarning": "use v2",
        "additionalPrinterColumns": [
            {"name": "Ready", "type": "integer", "jsonPath": ".status.readyReplicas"},
            {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        ],
        "selectableFields": [{"jsonPath": ".spec.host"}],
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.readyReplicas",
                "labelSelectorPath": ".status.selector",
            },
        },
    }
    assert schema["description"] == "A website."
    assert schema["required"] == ["spec"]
    assert schema["properties"]["metadata"] == {"type": "object"}
    assert schema["properties"]["spec"]["properties"]["replicas"] == {
        "type": "integer",
        "default": 1,
        "minimum": 0,
        "maximum": 100,
    }
    conditions = schema["properties"]["status"]["properties"]["conditions"]
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]


def test_objects_of_the_class_round_trip() -> None:
    site = Website(metadata=ObjectMeta(name="a"), spec=WebsiteSpec(host="h"))
    assert to_dict(site) == {
        "apiVersion": "web.example.com/v1",
        "kind": "Website",
        "metadata": {"name": "a"},
        "spec": {"image": "nginx:1.27", "replicas": 1, "host": "h"},
    }
    assert from_json(Website, to_json(site)) == site
    site.status.ready_replicas = 0
    site.status.conditions.append(Condition(type="Ready", status="True"))
    assert to_dict(site)["status"]["readyReplicas"] == 0


def test_two_objects_share_no_status() -> None:
    one, two = Website(spec=WebsiteSpec()), Website(spec=WebsiteSpec())
    one.status.ready_replicas = 5
    assert two.status.ready_replicas == 0


def test_a_kind_without_status_has_no_status_subresource() -> None:
    (version,) = to_dict(crd(WebsiteV1Alpha1))["spec"]["versions"]
    assert "subresources" not in version
    assert "status" not in version["schema"]["openAPIV3Schema"]["properties"]


def test_a_status_may_stay_in_the_object() -> None:
    @custom_resource(group="web.example.com", version="v1", plural="pages", status_subresource=False)
    class Page(Resource[WebsiteSpec, WebsiteStatus]): ...

    (version,) = to_dict(crd(Page))["spec"]["versions"]
    assert "subresources" not in version
    assert "status" in version["schema"]["openAPIV3Schema"]["properties"]


def test_a_status_has_a_default_where_one_is_given() -> None:
    @custom_resource(group="web.example.com", version="v1", plural="pages")
    class Page(Resource[WebsiteSpec, WebsiteStatus]):
        status: Annotated[WebsiteStatus, Meta(default={"readyReplicas": 0})] = field(default_factory=WebsiteStatus)

    schema = to_dict(crd(Page))["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert schema["properties"]["status"]["default"] == {"readyReplicas": 0}


def test_the_metadata_of_embedded_objects_can_be_left_out() -> None:
    class Template(Spec):
        claim: PersistentVolumeClaim | None = None

    @custom_resource(group="web.example.com", version="v1", plural="pages")
    class Page(Resource[Template, None]): ...

    schema = to_dict(crd(Page, embedded_metadata=False))["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    claim = schema["properties"]["spec"]["properties"]["claim"]
    assert claim["properties"]["metadata"] == {
        "type": "object",
        "description": claim["properties"]["metadata"]["description"],
    }


@pytest.mark.parametrize(
    "path",
    ["..image", ".spec.*", r".metadata.labels.app\.example\.com/name", '.status.conditions[?(@.type=="a]b")].status'],
)
def test_paths_are_followed_as_far_as_the_schema_tells(path: str) -> None:
    @custom_resource(group="web.example.com", version="v1", plural="pages", columns=[Column("X", path)])
    class Page(Resource[WebsiteSpec, WebsiteStatus]):
        status: Annotated[WebsiteStatus, Meta(preserve_unknown=True)] = field(default_factory=WebsiteStatus)

    assert crd(Page).spec.versions[0].additional_printer_columns[0].json_path == path


def test_versions_are_sorted_and_one_is_stored() -> None:
    with pytest.raises(SchemaError, match="set storage=True on exactly one class"):
        crd(Website, WebsiteV1Alpha1)

    @custom_resource(group="web.example.com", version="v2", kind="Website", storage=True)
    class WebsiteV2(Resource[WebsiteSpec, WebsiteStatus]): ...

    versions = to_dict(crd(WebsiteV2, WebsiteV1Alpha1))["spec"]["versions"]
    assert [(version["name"], version["served"], version["storage"]) for version in versions] == [
        ("v1alpha1", False, False),
        ("v2", True, True),
    ]


def test_a_spec_with_a_default_is_optional() -> None:
    @custom_resource(group="web.example.com", version="v1", plural="pages")
    class Page(Resource[WebsiteSpec, WebsiteStatus]):
        spec: WebsiteSpec = field(default_factory=WebsiteSpec)
        data: dict[str, str] = {}

    schema = to_dict(crd(Page))["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert "required" not in schema
    assert schema["properties"]["spec"]["default"] == {}
    assert schema["properties"]["data"]["type"] == "object"


def test_every_call_gives_the_same_definition() -> None:
    assert to_json(crd(Website)) == to_json(crd(Website))


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ({"columns": [Column("X", ".status.nope")]}, r"the column 'X' has the path '.status.nope', but there is no"),
        ({"columns": [Column("X", "status")]}, "no JSON path"),
        ({"selectable_fields": [".spec"]}, "can't be selectable"),
        ({"scale": Scale()}, "the scale subresource has the path '.status.replicas'"),
    ],
)
def test_paths_that_lead_nowhere_are_refused(definition: dict[str, Any], words: str) -> None:
    @custom_resource(group="web.example.com", version="v1", **definition)
    class Broken(Resource[WebsiteSpec, WebsiteStatus]): ...

    with pytest.raises(SchemaError, match=words):
        crd(Broken)


def test_a_class_without_a_name_in_the_api_is_refused() -> None:
    class Nameless(Resource[WebsiteSpec, WebsiteStatus]): ...

    with pytest.raises(SchemaError, match="no group and version"):
        crd(Nameless)
    with pytest.raises(TypeError, match="Nameless has no group and version yet"):
        Nameless(spec=WebsiteSpec())


def test_two_classes_of_one_version_are_refused() -> None:
    def website() -> type[Resource[WebsiteSpec, WebsiteStatus]]:
        @custom_resource(group="web.example.com", version="v1")
        class Website(Resource[WebsiteSpec, WebsiteStatus]): ...

        return Website

    with pytest.raises(SchemaError, match="Website: two classes are its version v1"):
        crd(website(), website())


def test_a_default_that_breaks_its_own_rules_is_refused() -> None:
    class FewSpec(Spec):
        replicas: Annotated[int, Meta(ge=0, le=3)] = 5

    @custom_resource(group="web.example.com", version="v1")
    class Few(Resource[FewSpec, None]): ...

    with pytest.raises(SchemaError, match=r"Few: (.|\n)*\.spec\.replicas\.default: .*less than or equal to 3"):
        crd(Few)


def test_a_status_that_cannot_start_empty_is_refused() -> None:
    class FullStatus(Status):
        phase: str

    @custom_resource(group="web.example.com", version="v1")
    class Full(Resource[WebsiteSpec, FullStatus]): ...

    with pytest.raises(SchemaError, match=r"Full.status: .*'phase'.*give each field of it a default"):
        crd(Full)


def of_spec(spec: type[Spec]) -> CustomResourceDefinition:
    class Holder(Resource[spec, None]): ...  # type: ignore[valid-type]

    return crd(custom_resource(group="web.example.com", version="v1")(Holder))


def test_rules_are_compiled_and_their_cost_is_estimated() -> None:
    class Misspelt(Spec):
        low: int
        high: Annotated[int, Rule("self.low < self", "must be more than low")]

    class Costly(Spec):
        names: list[Annotated[str, Rule("self.matches('^a+$')")]] = []

    with pytest.raises(SchemaError, match=r"\.spec\.high\.x-kubernetes-validations\[0\]\.rule: .*compilation failed"):
        of_spec(Misspelt)
    with pytest.raises(SchemaError, match="estimated rule cost exceeds budget"):
        of_spec(Costly)


def test_the_rules_of_markers_are_accepted() -> None:
    @AtMostOneOf("host", "namespace")
    class Marked(Spec):
        host: Annotated[str | None, Immutable()] = None
        namespace: Annotated[str | None, Immutable()] = None
        limits: Annotated[dict[Annotated[str, Meta(pattern="^[a-z]+$", max_length=9)], int], Meta(max_length=9)] = {}

    assert of_spec(Marked).spec.group == "web.example.com"


def test_a_production_image_without_the_extras_makes_the_same_definition() -> None:
    without = "import sys; sys.modules |= dict.fromkeys(['re2', 'kubernetes_validate', 'pydantic', 'jinja2'])"
    make = "from tests.schema.test_crd import Website; print(to_json(crd(Website)).decode())"
    program = f"{without}; from kubewright.objects import to_json; from kubewright.schema.crd import crd; {make}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == to_json(crd(Website)).decode()


def test_a_kind_may_have_fields_of_its_own_only() -> None:
    @custom_resource(group="web.example.com", version="v1")
    class Palette(Resource[None, None]):
        colours: list[str] = []

    schema = to_dict(crd(Palette))["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert set(schema["properties"]) == {"apiVersion", "kind", "metadata", "colours"}
    assert to_dict(Palette(spec=None, colours=["red"])) == {
        "apiVersion": "web.example.com/v1",
        "kind": "Palette",
        "colours": ["red"],
    }
