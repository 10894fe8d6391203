"""The rules that hold for the metadata of every object, built-in or custom.

Objects go in, lists of field errors come out, worded as ``k8s.io/apimachinery/pkg/api/validation`` words them.  As in
kube-apiserver, a create runs a strategy's own rules first and `validate_metadata` with `path_segment` when those found
nothing; an update reports what `validate_common_update` finds *and* what the strategy finds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import forbidden, invalid, required, too_long

NameRule = Callable[[str, bool], list[str]]
"""Name (or, if the flag is set, a prefix for generated ones); gives what is wrong with it."""

TOTAL_ANNOTATION_SIZE_LIMIT = 256 * 1024

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_QUALIFIED})?"
STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
_IMMUTABLE = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
_NAMES = ("name", "generateName", "namespace")
_LOOKED_AT = ("generation", "labels", "annotations", "ownerReferences", "finalizers")
_REFERENCE_FIELDS = ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")


def _regex_error(text: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{text} (e.g. {shown}regex used for validation is '{pattern}')"


SUBDOMAIN_ERROR = _regex_error(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character",
    _SUBDOMAIN,
    "example.com",
)
LABEL_ERROR = _regex_error(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character",
    _LABEL,
    "my-name",
    "123-abc",
)
LABEL_1035_ERROR = _regex_error(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character",
    _LABEL_1035,
    "my-name",
    "abc-123",
)
_QUALIFIED_TEXT = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
QUALIFIED_ERROR = _regex_error(_QUALIFIED_TEXT, _QUALIFIED, "MyName", "my.name", "123-abc")
LABEL_VALUE_ERROR = _regex_error(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character",
    _LABEL_VALUE,
    "MyValue",
    "my_value",
    "12345",
)


_IS_LABEL = re.compile(_LABEL)
_IS_SUBDOMAIN = re.compile(_SUBDOMAIN)
_IS_LABEL_1035 = re.compile(_LABEL_1035)
_IS_QUALIFIED = re.compile(_QUALIFIED)
_IS_LABEL_VALUE = re.compile(_LABEL_VALUE)


def _sized(text: str, limit: int, pattern: re.Pattern[str], problem: str) -> list[str]:
    if pattern.fullmatch(text) and len(text) <= limit:
        return []  # All these patterns match nothing but ASCII.
    problems = [f"must be no more than {limit} bytes"] if len(text.encode()) > limit else []
    if not pattern.fullmatch(text):
        problems.append(problem)
    return problems


def is_dns_subdomain(text: str) -> list[str]:
    """What keeps a text from being an RFC 1123 subdomain."""
    return _sized(text, 253, _IS_SUBDOMAIN, SUBDOMAIN_ERROR)


def is_dns_label(text: str) -> list[str]:
    """What keeps a text from being an RFC 1123 label."""
    return _sized(text, 63, _IS_LABEL, LABEL_ERROR)


def is_dns1035_label(text: str) -> list[str]:
    return _sized(text, 63, _IS_LABEL_1035, LABEL_1035_ERROR)


def _mask_trailing_dash(name: str) -> str:
    """A prefix may end in a dash, as generated characters follow."""
    return f"{name[:-1]}a" if len(name) > 1 and name.endswith("-") else name


def dns_subdomain(name: str, prefix: bool) -> list[str]:
    """The rule of most kinds: an RFC 1123 subdomain."""
    return is_dns_subdomain(_mask_trailing_dash(name) if prefix else name)


def dns_label(name: str, prefix: bool) -> list[str]:
    return is_dns_label(_mask_trailing_dash(name) if prefix else name)


def dns1035_label(name: str, prefix: bool) -> list[str]:
    return is_dns1035_label(_mask_trailing_dash(name) if prefix else name)


def path_segment(name: str, prefix: bool) -> list[str]:
    """What any name must keep to: that it fits into a URL path as one segment."""
    problems = [f"may not contain '{mark}'" for mark in ("/", "%") if mark in name]
    if not prefix and name in (".", ".."):
        problems.insert(0, f"may not be '{name}'")
    return problems


def is_qualified_name(text: str) -> list[str]:
    """What keeps a text from being a label key, finalizer or resource name: ``[prefix/]name``."""
    return [] if _is_known_name(text) else _qualified_name_problems(text)


@lru_cache(maxsize=4096)
def _is_known_name(text: str) -> bool:
    """Whether a qualified name is a good one; the same few occur in all objects."""
    return not _qualified_name_problems(text)


def _qualified_name_problems(text: str) -> list[str]:
    prefix, slash, name = text.partition("/")
    if "/" in name:
        example = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return [f"a qualified name {QUALIFIED_ERROR} {example}"]
    problems = []
    if slash:
        if not prefix:
            problems.append("prefix part must be non-empty")
        else:
            problems += [f"prefix part {problem}" for problem in is_dns_subdomain(prefix)]
    else:
        name = text
    if not name:
        problems.append("name part must be non-empty")
    elif len(name.encode()) > 63:
        problems.append("name part must be no more than 63 bytes")
    if not _IS_QUALIFIED.fullmatch(name):
        problems.append(f"name part {QUALIFIED_ERROR}")
    return problems


def is_label_value(text: str) -> list[str]:
    """What keeps a text from being the value of a label."""
    return [] if len(text) <= 63 and _is_known_value(text) else _sized(text, 63, _IS_LABEL_VALUE, LABEL_VALUE_ERROR)


@lru_cache(maxsize=4096)
def _is_known_value(text: str) -> bool:
    """Whether it is a good one; like their keys, the same few occur in all objects."""
    return not _sized(text, 63, _IS_LABEL_VALUE, LABEL_VALUE_ERROR)


def validate_labels(labels: Mapping[str, str] | None, field: str) -> list[Cause]:
    causes = []
    for key, value in sorted((labels or {}).items()):
        causes += [invalid(field, key, problem) for problem in is_qualified_name(key)]
        causes += [invalid(field, value, problem) for problem in is_label_value(value)]
    return causes


def validate_annotations(annotations: Mapping[str, str] | None, field: str) -> list[Cause]:
    causes = []
    size = 0
    for key, value in sorted((annotations or {}).items()):
        causes += [invalid(field, key, problem) for problem in is_qualified_name(key.lower())]
        size += len(key.encode()) + len(value.encode())
    if size > TOTAL_ANNOTATION_SIZE_LIMIT:
        causes.append(too_long(field, TOTAL_ANNOTATION_SIZE_LIMIT))
    return causes


def validate_owner_references(references: Sequence[Mapping[str, Any]] | None, field: str) -> list[Cause]:
    causes: list[Cause] = []
    controller: Mapping[str, Any] | None = None
    shown = [{key: ref[key] for key in _REFERENCE_FIELDS if key in ref} for ref in references or ()]
    for reference in shown:
        for key, name in (("apiVersion", "version"), ("kind", "kind"), ("name", "name"), ("uid", "uid")):
            if not reference.get(key):
                causes.append(invalid(f"{field}.{key}", reference.get(key, ""), f"{name} must not be empty"))
        if (reference.get("apiVersion"), reference.get("kind")) == ("v1", "Event"):
            causes.append(invalid(field, reference, "/v1, Kind=Event is disallowed from being an owner"))
        if not reference.get("controller"):
            continue
        if controller is None:
            controller = reference
            continue
        names = " and ".join(f"{ref.get('kind', '')}/{ref.get('name', '')}" for ref in (controller, reference))
        text = f'Only one reference can have Controller set to true. Found "true" in references for {names}'
        causes.append(invalid(field, shown, text))
    return causes


def drop_repeated_owners(metadata: Object) -> list[str]:
    """Keep one of owner references that are the same in all their fields, in place; gives the UIDs of what went."""
    references = metadata.get("ownerReferences") or []
    if len(references) < 2:
        return []
    kept: list[Mapping[str, Any]] = []
    repeated = []
    for reference in references:
        if reference in kept:
            repeated.append(str(reference.get("uid", "")))
        else:
            kept.append(reference)
    if repeated:
        metadata["ownerReferences"] = kept
    return repeated


def validate_finalizers(finalizers: Sequence[str] | None, field: str) -> list[Cause]:
    names = list(finalizers or ())
    causes = [invalid(field, name, problem) for name in names for problem in is_qualified_name(name)]
    if "orphan" in names and "foregroundDeletion" in names:
        text = "finalizer orphan and foregroundDeletion cannot be both set"
        causes.append(invalid(field, names, text))
    return causes


def validate_builtin_finalizers(finalizers: Sequence[str] | None, field: str) -> list[Cause]:
    """Kubernetes' own kinds take unqualified finalizers only if they are the standard ones."""
    text = "name is neither a standard finalizer name nor is it fully qualified"
    return [
        invalid(f"{field}[{index}]", name, text)
        for index, name in enumerate(finalizers or ())
        if "/" not in name and name not in STANDARD_FINALIZERS
    ]


def validate_metadata(
    metadata: Mapping[str, Any], *, namespaced: bool, name_rule: NameRule, field: str = "metadata"
) -> list[Cause]:
    """``ValidateObjectMeta``: everything that can be said of the metadata alone."""
    causes: list[Cause] = []
    if prefix := metadata.get("generateName"):
        causes += [invalid(f"{field}.generateName", prefix, problem) for problem in name_rule(prefix, True)]
    name = metadata.get("name")
    if not name:
        causes.append(required(f"{field}.name", "name or generateName is required"))
    else:
        causes += [invalid(f"{field}.name", name, problem) for problem in name_rule(name, False)]
    namespace = metadata.get("namespace")
    if namespaced:
        if not namespace:
            causes.append(required(f"{field}.namespace"))
        else:
            causes += [invalid(f"{field}.namespace", namespace, problem) for problem in is_dns_label(namespace)]
    elif namespace:
        causes.append(forbidden(f"{field}.namespace", "not allowed on this type"))
    if metadata.get("generation", 0) < 0:
        text = "must be greater than or equal to 0"
        causes.append(invalid(f"{field}.generation", metadata["generation"], text))
    causes += validate_labels(metadata.get("labels"), f"{field}.labels")
    causes += validate_annotations(metadata.get("annotations"), f"{field}.annotations")
    causes += validate_owner_references(metadata.get("ownerReferences"), f"{field}.ownerReferences")
    causes += validate_finalizers(metadata.get("finalizers"), f"{field}.finalizers")
    return causes


def validate_metadata_update(new: Mapping[str, Any], old: Mapping[str, Any], field: str = "metadata") -> list[Cause]:
    """``ValidateObjectMetaUpdate``: what a write may not change."""
    causes: list[Cause] = []
    if old.get("deletionTimestamp") and (
        added := sorted(set(new.get("finalizers") or ()) - set(old.get("finalizers") or ()))
    ):
        listed = "[]string{" + ", ".join(f'"{name}"' for name in added) + "}"
        text = "no new finalizers can be added if the object is being deleted, found new finalizers "
        causes.append(forbidden(f"{field}.finalizers", text + listed))
    if not new.get("resourceVersion"):
        causes.append(invalid(f"{field}.resourceVersion", "", "must be specified for an update"))
    if new.get("generation", 0) < old.get("generation", 0):
        causes.append(invalid(f"{field}.generation", new.get("generation", 0), "must not be decremented"))
    for key in _IMMUTABLE:
        if new.get(key) != old.get(key):
            causes += immutable(new.get(key), old.get(key), f"{field}.{key}")
    if changed := _changed(new, old):
        causes += validate_labels(changed.get("labels"), f"{field}.labels")
        causes += validate_annotations(changed.get("annotations"), f"{field}.annotations")
        causes += validate_owner_references(changed.get("ownerReferences"), f"{field}.ownerReferences")
    return causes


def validate_common_update(new: Object, old: Object, *, namespaced: bool) -> list[Cause]:
    """What the generic registry checks on every update, before the strategy's own rules."""
    metadata, was = new["metadata"], old["metadata"]
    named = {name: metadata[name] for name in _NAMES if name in metadata}
    causes = validate_metadata({**named, **_changed(metadata, was)}, namespaced=namespaced, name_rule=path_segment)
    return causes + validate_metadata_update(metadata, was)


def _changed(new: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """What an update may have made wrong: all else was looked at when it was stored."""
    return {name: new[name] for name in _LOOKED_AT if name in new and (name not in old or new[name] != old[name])}


def immutable(new: Any, old: Any, field: str) -> list[Cause]:
    """``ValidateImmutableField``."""
    return [] if new == old else [invalid(field, new, "field is immutable")]
