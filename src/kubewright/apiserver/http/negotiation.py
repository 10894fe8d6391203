"""Which form of an answer the client wants: JSON, YAML or protobuf; whole objects, their metadata, or a Table.

The ``Accept`` header comes in, a `Form` goes out; the rules and texts are those of
``k8s.io/apiserver/pkg/endpoints/handlers/negotiation`` and of go-restful in front of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from kubewright.objects.errors import NotAcceptable

Shape = Literal["object", "metadata", "table"]

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"

_WATCH_TYPES = f"{JSON};stream=watch, {PROTOBUF};stream=watch"
_TYPES = f"{JSON}, {YAML}, {PROTOBUF}"


class Form(NamedTuple):
    """The form of an answer; ``is_list`` is what the client took the shape to be of, where it said so.

    ``version`` is the one of ``meta.k8s.io`` that Tables and metadata are to be of.
    """

    media_type: str = JSON
    shape: Shape = "object"
    is_list: bool | None = None
    version: str = "v1"


class Clause(NamedTuple):
    """One media range of an ``Accept`` header."""

    media_type: str
    parameters: dict[str, str]


@lru_cache(maxsize=256)
def parse_accept(header: str) -> tuple[Clause, ...]:
    """The clauses of a header, the most wanted first."""
    weighted = []
    for text in header.split(","):
        media_type, *pairs = (part.strip() for part in text.split(";"))
        parameters = dict(pair.partition("=")[::2] for pair in pairs)
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            quality = 1.0
        if media_type:
            weighted.append((-quality, Clause(media_type.lower(), parameters)))
    return tuple(clause for _, clause in sorted(weighted, key=lambda pair: pair[0]))


@lru_cache(maxsize=256)
def negotiate(header: str, *, custom: bool, streams: bool) -> Form:
    """Choose the form of an answer about a resource.

    :param custom: the resource is a custom one, which fails with another text.
    :param streams: the URL can also be watched: it offers stream types.
    :raises NotAcceptable: nothing that the client accepts can be served.
    """
    if not header:
        return Form()
    clauses = parse_accept(header)
    for clause in clauses:
        for media_type in _offered(clause.media_type):
            form = _form(media_type, clause.parameters)
            # Custom resources have no protobuf form, but their metadata has.
            if form is not None and not (custom and media_type == PROTOBUF and form.shape == "object"):
                return form
    if custom or any(True for clause in clauses for _ in _offered(clause.media_type)):
        raise NotAcceptable(f"only the following media types are accepted: {_TYPES}")
    available = f"{_TYPES}, {_WATCH_TYPES}" if streams else _TYPES
    raise NotAcceptable(f"406: Not Acceptable\n\nAvailable representations: {available}", details={})


def plain_type(header: str, default: str = JSON) -> str:
    """The media type of an answer that has but one shape, such as an error; ``default`` if none will do."""
    if not header:
        return JSON
    for clause in parse_accept(header):
        if "as" not in clause.parameters:
            for media_type in _offered(clause.media_type):
                return media_type
    return default


def _offered(wanted: str) -> Iterator[str]:
    for media_type in (JSON, YAML, PROTOBUF):
        if wanted in (media_type, "*/*", "application/*"):
            yield media_type


def _form(media_type: str, parameters: dict[str, str]) -> Form | None:
    wanted = parameters.get("as", "")
    if not wanted:
        return Form(media_type)
    if parameters.get("g") != "meta.k8s.io":
        return None
    version = parameters.get("v", "")
    if version not in ("v1", "v1beta1"):
        return None
    match wanted:
        case "Table" if media_type != PROTOBUF:
            return Form(media_type, "table", version=version)
        case "PartialObjectMetadata":
            return Form(media_type, "metadata", False, version)
        case "PartialObjectMetadataList":
            return Form(media_type, "metadata", True, version)
    return None
