"""URLs as Go's ``url.ParseRequestURI`` reads them: ``url('https://a/b').getHost()``."""

from __future__ import annotations

import urllib.parse
from typing import NamedTuple

from kubewright.cel.errors import EvaluationError
from kubewright.cel.functions import Overload, member
from kubewright.cel.string_formats import FORMATS
from kubewright.cel.types import BOOL, STRING, list_of, map_of, opaque


class Url(NamedTuple):
    """A parsed absolute URL or absolute path."""

    scheme: str
    host: str
    path: str
    query: str


URL = opaque("kubernetes.URL", Url)


def _parse(text: str) -> Url:
    if not FORMATS["uri"](text):
        raise EvaluationError(f'URL parse error during conversion from string: parse "{text}": invalid URI for request')
    parts = urllib.parse.urlsplit(text)
    return Url(parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query)


def _hostname(url: Url) -> str:
    if url.host.startswith("["):
        return url.host[1:].partition("]")[0]
    return url.host.partition(":")[0]


def _port(url: Url) -> str:
    return url.host.rpartition("]")[2].partition(":")[2]


def _escaped_path(url: Url) -> str:
    return urllib.parse.quote(urllib.parse.unquote(url.path), safe="/:@!$&'()*+,;=-._~")


def _query(url: Url) -> dict[str, list[str]]:
    return urllib.parse.parse_qs(url.query, keep_blank_values=True)


OVERLOADS: list[Overload] = [
    Overload("url", [STRING], URL, _parse),
    Overload("isURL", [STRING], BOOL, lambda text: FORMATS["uri"](text)),
    member("getScheme", [URL], STRING, lambda url: url.scheme),
    member("getHost", [URL], STRING, lambda url: url.host),
    member("getHostname", [URL], STRING, _hostname),
    member("getPort", [URL], STRING, _port),
    member("getEscapedPath", [URL], STRING, _escaped_path),
    member("getQuery", [URL], map_of(STRING, list_of(STRING)), _query),
]
