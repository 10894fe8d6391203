"""The form of an answer follows the Accept header as kube-apiserver reads it."""

from __future__ import annotations

import pytest

from kubewright.apiserver.http.negotiation import JSON, PROTOBUF, YAML, negotiate, parse_accept, plain_type
from kubewright.objects.errors import NotAcceptable

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("header", "media_type", "shape"),
    [
        ("", JSON, "object"),
        ("*/*", JSON, "object"),
        ("text/html, */*", JSON, "object"),
        ("application/yaml", YAML, "object"),
        ("application/json;q=0.5, application/yaml", YAML, "object"),
        (f"{TABLE},application/json", JSON, "table"),
        (PARTIAL, JSON, "metadata"),
        ("application/json;as=Nonsense;v=v1;g=meta.k8s.io,application/json", JSON, "object"),
        ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json", JSON, "object"),
    ],
)
def test_the_first_form_that_can_be_served_is_chosen(header: str, media_type: str, shape: str) -> None:
    form = negotiate(header, custom=True, streams=True)
    assert (form.media_type, form.shape) == (media_type, shape)


def test_an_unknown_type_is_refused_with_what_there_is() -> None:
    with pytest.raises(NotAcceptable, match="Available representations: application/json, application/yaml"):
        negotiate("application/xml", custom=False, streams=True)
    with pytest.raises(NotAcceptable, match="only the following media types are accepted"):
        negotiate("application/xml", custom=True, streams=True)


def test_an_unknown_shape_is_refused() -> None:
    with pytest.raises(NotAcceptable, match="only the following media types are accepted"):
        negotiate("application/json;as=Table;v=v9;g=meta.k8s.io", custom=False, streams=True)


def test_clauses_come_by_weight_and_then_by_place() -> None:
    assert [clause.media_type for clause in parse_accept("a/b;q=0.1, c/d, e/f;q=x")] == ["c/d", "e/f", "a/b"]


def test_tables_and_metadata_come_in_the_version_that_was_asked_for() -> None:
    assert (
        negotiate("application/json;as=Table;v=v1beta1;g=meta.k8s.io", custom=False, streams=True).version == "v1beta1"
    )


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        ("", JSON),
        ("text/html, application/yaml", YAML),
        (PROTOBUF, PROTOBUF),
        (f"{PROTOBUF};as=Table;v=v1;g=meta.k8s.io", JSON),
        (f"{TABLE},{YAML}", YAML),
    ],
)
def test_errors_have_but_one_shape(header: str, media_type: str) -> None:
    assert plain_type(header) == media_type
