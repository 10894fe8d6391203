"""Rules about single values that several kinds share: ports, quantities, modes, references, selectors.

Each function takes a value and the path of its field and returns what is wrong, in the words of
``k8s.io/apimachinery/pkg/util/validation`` and ``pkg/apis/core/validation``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kubewright.apiserver.registry.metadata_rules import (
    is_dns_subdomain,
    is_label_value,
    is_qualified_name,
    validate_labels,
)
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, not_supported, required, too_long
from kubewright.objects.quantity import Quantity

PROTOCOLS = ("SCTP", "TCP", "UDP")
STATUSES = ("False", "True", "Unknown")
"""What conditions can be."""
NON_NEGATIVE = "must be greater than or equal to 0"
GREATER_THAN_ZERO = "must be greater than 0"
PERCENT_ERROR = (
    "a valid percent string must be a numeric string followed by an ending '%' "
    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)
_PERCENT = re.compile(r"[0-9]+%\Z")
_KEY = re.compile(r"[-._a-zA-Z0-9]+\Z")
_KEY_ERROR = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
    "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_HTTP_PATH = re.compile(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+\Z")
_REASON = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?\Z")
_REASON_ERROR = (
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric "
    "characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or "
    "'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is "
    "'[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')"
)
_MAX_REASON, _MAX_MESSAGE = 1024, 32 * 1024
_PORT_NAME = re.compile(r"[-a-z0-9]+\Z")


def between(low: int, high: int) -> str:
    return f"must be between {low} and {high}, inclusive"


def in_range(value: Any, low: int, high: int, field: str) -> list[Cause]:
    return [] if low <= value <= high else [invalid(field, value, between(low, high))]


def non_negative(value: int | None, field: str) -> list[Cause]:
    return [invalid(field, value, NON_NEGATIVE)] if value is not None and value < 0 else []


def positive(value: int | None, field: str) -> list[Cause]:
    return [invalid(field, value, GREATER_THAN_ZERO)] if value is not None and value <= 0 else []


def one_of(value: str | None, allowed: Iterable[str], field: str) -> list[Cause]:
    """A value that must be given, from a fixed set."""
    if not value:
        return [required(field)]
    return optional_one_of(value, allowed, field)


def optional_one_of(value: str | None, allowed: Iterable[str], field: str) -> list[Cause]:
    names = tuple(allowed)
    return [] if value is None or value in names else [not_supported(field, value, names)]


def problems(found: Iterable[str], value: Any, field: str) -> list[Cause]:
    return [invalid(field, value, problem) for problem in found]


def port_number(value: int, field: str) -> list[Cause]:
    return in_range(value, 1, 65535, field)


def is_port_name(name: str) -> list[str]:
    """``IsValidPortName``: an IANA service name."""
    found = []
    if len(name) > 15:
        found.append("must be no more than 15 bytes")
    if not _PORT_NAME.match(name):
        found.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", name):
        found.append("must contain at least one letter (a-z)")
    if "--" in name:
        found.append("must not contain consecutive hyphens")
    if name and (name[0] == "-" or name[-1] == "-"):
        found.append("must not begin or end with a hyphen")
    return found


def port_number_or_name(value: int | str, field: str) -> list[Cause]:
    return port_number(value, field) if isinstance(value, int) else problems(is_port_name(value), value, field)


def non_negative_quantity(value: str, field: str) -> list[Cause]:
    return [invalid(field, value, NON_NEGATIVE)] if Quantity(value) < Quantity(0) else []


def int_or_percent(value: int | str, field: str) -> list[Cause]:
    """``ValidatePositiveIntOrPercent``."""
    if isinstance(value, str):
        return [] if _PERCENT.match(value) else [invalid(field, value, PERCENT_ERROR)]
    return non_negative(value, field)


def percent_of(value: int | str) -> int | None:
    """The number in ``30%``; None for a plain number."""
    return int(value[:-1]) if isinstance(value, str) and _PERCENT.match(value) else None


def not_more_than_hundred_percent(value: int | str, field: str) -> list[Cause]:
    percent = percent_of(value)
    if percent is not None and percent > 100:
        return [invalid(field, value, "must not be greater than 100%")]
    return []


def config_key(key: str) -> list[str]:
    """``IsConfigMapKey``: a file name for ConfigMap and Secret data."""
    found = []
    if len(key) > 253:
        found.append("must be no more than 253 bytes")
    if not _KEY.match(key):
        found.append(_KEY_ERROR)
    if key in (".", ".."):
        found.append(f"must not be '{key}'")
    elif key.startswith(".."):
        found.append("must not start with '..'")
    return found


def domain_prefixed_path(text: str, field: str) -> list[Cause]:
    """``IsDomainPrefixedPath``: names such as ``example.com/foo``."""
    if not text:
        return [required(field)]
    domain, slash, rest = text.partition("/")
    if not slash or not domain or not rest:
        return [invalid(field, text, 'must be a domain-prefixed path (such as "acme.io/foo")')]
    causes = problems(is_dns_subdomain(domain), domain, field)
    if not _HTTP_PATH.match(rest):
        text = f"Invalid path (regex used for validation is '{_HTTP_PATH.pattern.removesuffix(chr(92) + 'Z')}')"
        causes.append(invalid(field, rest, text))
    return causes


def relative_path(path: str, field: str) -> list[Cause]:
    """A path inside a volume: neither absolute nor leading out of it."""
    if path.startswith("/"):
        return [invalid(field, path, "must be a relative path")]
    return no_backsteps(path, field)


def no_backsteps(path: str, field: str) -> list[Cause]:
    return [invalid(field, path, "must not contain '..'")] if ".." in path.split("/") else []


def label_selector(selector: Mapping[str, Any] | None, field: str) -> list[Cause]:
    """``ValidateLabelSelector``: the grammar of a LabelSelector object."""
    if not selector:
        return []
    causes = validate_labels(selector.get("matchLabels"), f"{field}.matchLabels")
    for index, expression in enumerate(selector.get("matchExpressions") or ()):
        causes += _selector_expression(expression, f"{field}.matchExpressions[{index}]")
    return causes


def _selector_expression(expression: Mapping[str, Any], field: str) -> list[Cause]:
    operator, values = expression.get("operator", ""), expression.get("values") or []
    causes: list[Cause] = []
    if operator in ("In", "NotIn"):
        if not values:
            text = "must be specified when `operator` is 'In' or 'NotIn'"
            causes.append(required(f"{field}.values", text))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            causes.append(forbidden(f"{field}.values", text))
    else:
        causes.append(invalid(f"{field}.operator", operator, "not a valid selector operator"))
    key = expression.get("key", "")
    causes += problems(is_qualified_name(key), key, f"{field}.key")
    for index, value in enumerate(values):
        causes += problems(is_label_value(value), value, f"{field}.values[{index}]")
    return causes


def is_empty_selector(selector: Mapping[str, Any]) -> bool:
    return not selector.get("matchLabels") and not selector.get("matchExpressions")


def unique(names: Iterable[str]) -> Iterable[tuple[int, str]]:
    """The positions and values that were seen before."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield index, name
        seen.add(name)


def validate_conditions(conditions: list[Mapping[str, Any]], field: str) -> list[Cause]:
    """``ValidateConditions``: the conditions that all newer kinds share."""
    causes: list[Cause] = []
    repeated = dict(unique(condition.get("type", "") for condition in conditions))
    for index, condition in enumerate(conditions):
        path = f"{field}[{index}]"
        if index in repeated:
            causes.append(duplicate(f"{path}.type", repeated[index]))
        causes += _condition(condition, path)
    return causes


def _condition(condition: Mapping[str, Any], path: str) -> list[Cause]:
    kind, status, reason = (condition.get(name, "") for name in ("type", "status", "reason"))
    causes = problems(is_qualified_name(kind), kind, f"{path}.type")
    if status not in STATUSES:
        causes.append(not_supported(f"{path}.status", status, STATUSES))
    generation = condition.get("observedGeneration", 0)
    if generation < 0:
        text = "must be greater than or equal to zero"
        causes.append(invalid(f"{path}.observedGeneration", generation, text))
    if not condition.get("lastTransitionTime"):
        causes.append(required(f"{path}.lastTransitionTime", "must be set"))
    if not reason:
        causes.append(required(f"{path}.reason", "must be set"))
    else:
        causes += [] if _REASON.match(reason) else [invalid(f"{path}.reason", reason, _REASON_ERROR)]
        causes += [too_long(f"{path}.reason", _MAX_REASON)] if len(reason.encode()) > _MAX_REASON else []
    if len(condition.get("message", "").encode()) > _MAX_MESSAGE:
        causes.append(too_long(f"{path}.message", _MAX_MESSAGE))
    return causes
