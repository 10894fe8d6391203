"""Named formats of strings: ``format.dns1123Label().validate(x)`` gives the complaints, if there are any."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from kubewright.cel.functions import Overload, member
from kubewright.cel.string_formats import FORMATS
from kubewright.cel.types import STRING, list_of, opaque, optional_of
from kubewright.cel.values import NONE, Optional


class Format(NamedTuple):
    """A format by its name, and what it finds wrong with a text."""

    name: str
    complaints: Callable[[str], list[str]]


FORMAT = opaque("kubernetes.NamedFormat", Format)

_LABEL, _LABEL_1035 = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", r"[a-z]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_NAME_PART, _VALUE = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"


def _pattern(pattern: str, limit: int, what: str, *, prefix: bool = False) -> Callable[[str], list[str]]:
    compiled = re.compile(pattern)

    def complaints(text: str) -> list[str]:
        found = [f"must be no more than {limit} characters"] if len(text) > limit else []
        probe = text[:-1] + "a" if prefix and len(text) > 1 and text.endswith("-") else text
        if not compiled.fullmatch(probe):
            found.append(f"{what} must match the regular expression '{pattern}'")
        return found

    return complaints


def _qualified_name(text: str) -> list[str]:
    prefix, slash, name = text.rpartition("/")
    found: list[str] = []
    if slash:
        found = ["prefix part must be non-empty"] if not prefix else _subdomain(prefix)
    if not name:
        return [*found, "name part must be non-empty"]
    return found + _pattern(_NAME_PART, 63, "name part")(name)


def _schema_format(name: str, complaint: str) -> Callable[[str], list[str]]:
    valid = FORMATS[name]
    return lambda text: [] if valid(text) else [complaint]


_subdomain = _pattern(_SUBDOMAIN, 253, "a lowercase RFC 1123 subdomain")
_NAMED = {
    "dns1123Label": _pattern(_LABEL, 63, "a lowercase RFC 1123 label"),
    "dns1123Subdomain": _subdomain,
    "dns1035Label": _pattern(_LABEL_1035, 63, "a DNS-1035 label"),
    "qualifiedName": _qualified_name,
    "dns1123LabelPrefix": _pattern(_LABEL, 63, "a lowercase RFC 1123 label", prefix=True),
    "dns1123SubdomainPrefix": _pattern(_SUBDOMAIN, 253, "a lowercase RFC 1123 subdomain", prefix=True),
    "dns1035LabelPrefix": _pattern(_LABEL_1035, 63, "a DNS-1035 label", prefix=True),
    "labelValue": _pattern(_VALUE, 63, "a valid label"),
    "uri": _schema_format("uri", "must be an absolute URI or path"),
    "uuid": _schema_format("uuid", "does not match the UUID format"),
    "byte": _schema_format("byte", "invalid base64"),
    "date": _schema_format("date", "invalid date"),
    "datetime": _schema_format("datetime", "invalid datetime"),
}


def _named(name: str) -> Optional:
    return Optional(True, Format(name, _NAMED[name])) if name in _NAMED else NONE


def _validate(wanted: Format, text: str) -> Optional:
    complaints = wanted.complaints(text)
    return Optional(True, complaints) if complaints else NONE


def _constant(name: str) -> Callable[[], Format]:
    return lambda: Format(name, _NAMED[name])


OVERLOADS: list[Overload] = [
    Overload("format.named", [STRING], optional_of(FORMAT), _named),
    member("validate", [FORMAT, STRING], optional_of(list_of(STRING)), _validate),
    *(Overload(f"format.{name}", [], FORMAT, _constant(name)) for name in _NAMED),
]
