"""The options that a request carries in its query (or, for deletions, in its body), checked as Kubernetes checks them.

Query parameters come in, a `Write` (who writes, and how) or a `ReadOptions` goes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from kubewright.apiserver.registry.strategy import Object
from kubewright.apiserver.request import UserInfo
from kubewright.objects import field_errors
from kubewright.objects.errors import BadRequest, Cause, Invalid
from kubewright.objects.names import GroupKind
from kubewright.objects.selectors import FieldSelector, LabelSelector, SelectorError

Query = Mapping[str, Sequence[str]]

_VERSION_DIGITS = 20
"""Digits of the greatest 64-bit number: longer texts are not even converted."""

_MAX_MANAGER = 128
"""Bytes that the name of a field manager may have."""

FIELD_VALIDATION = ("", "Ignore", "Strict", "Warn")
PROPAGATION = ("Foreground", "Background", "Orphan")


def version_number(text: str) -> int | None:
    """A resource version as a number; None for what is none, as Go's ``strconv.ParseUint`` has it."""
    if not (text.isascii() and text.isdigit()) or len(text) > _VERSION_DIGITS:
        return None
    number = int(text)
    return number if number < 1 << 64 else None


@dataclass(slots=True)
class Write:
    """Who makes a change, and how it is to be made; ``warnings`` collects what goes into the answer's headers."""

    user: UserInfo
    options: Object
    dry_run: bool = False
    field_manager: str = ""
    field_validation: str = "Warn"
    force: bool | None = None
    warnings: list[str] = field(default_factory=list)
    audit_annotations: dict[str, str] = field(default_factory=dict)

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options of get, list and watch."""

    label_selector: LabelSelector
    field_selector: FieldSelector
    resource_version: str = ""
    match: str = ""
    limit: int = 0
    continue_token: str = ""
    watch: bool = False
    timeout: int | None = None
    bookmarks: bool = False
    initial_events: bool | None = None

    @classmethod
    def parse(cls, query: Query, *, watch: bool | None = None, name: str = "") -> ReadOptions:
        """Read the query of a list, watch or deletecollection.

        :param watch: whether it is a watch, where the URL and not the query says so.
        :param name: the one object that the URL of a watch names.
        :raises BadRequest: a parameter cannot be read.
        :raises Invalid: parameters do not go together.
        """
        initial = first(query, "sendInitialEvents")
        options = cls(
            _label_selector(first(query, "labelSelector")),
            _with_name(_field_selector(first(query, "fieldSelector")), name),
            first(query, "resourceVersion"),
            first(query, "resourceVersionMatch"),
            integer(query, "limit") or 0,
            first(query, "continue"),
            truth(query, "watch") if watch is None else watch,
            integer(query, "timeoutSeconds"),
            truth(query, "allowWatchBookmarks"),
            truth(query, "sendInitialEvents") if initial else None,
        )
        if causes := options._problems():
            raise Invalid.of(GroupKind("meta.k8s.io", "ListOptions"), "", causes)
        return options

    def _problems(self) -> list[Cause]:
        """``ValidateListOptions`` of ``k8s.io/apimachinery/pkg/apis/meta/internalversion/validation``."""
        causes = []
        match = self.match
        if self.watch and self.initial_events is not None and match != "NotOlderThan":
            text = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            causes.append(field_errors.forbidden("resourceVersionMatch", text))
        if match:
            causes += self._match_problems()
        if self.initial_events is not None and not self.watch:
            causes.append(field_errors.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
        return causes

    def _match_problems(self) -> list[Cause]:
        """What is wrong with the ``resourceVersionMatch`` that is given."""

        def forbidden(text: str) -> Cause:
            return field_errors.forbidden("resourceVersionMatch", f"resourceVersionMatch {text}")

        causes = []
        known = ["NotOlderThan"] if self.watch else ["Exact", "NotOlderThan", ""]
        unknown = field_errors.not_supported("resourceVersionMatch", self.match, known)
        if self.watch and self.initial_events is None:
            causes.append(forbidden("is forbidden for watch unless sendInitialEvents is provided"))
        if self.watch and self.match not in known:
            causes.append(unknown)
        if not self.watch and not self.resource_version:
            causes.append(forbidden("is forbidden unless resourceVersion is provided"))
        if self.continue_token:
            causes.append(forbidden("is forbidden when continue is provided"))
        if not self.watch and self.match not in known:
            causes.append(unknown)
        if not self.watch and self.match == "Exact" and self.resource_version == "0":
            causes.append(forbidden('"exact" is forbidden for resourceVersion "0"'))
        return causes


def write_options(kind: str, query: Query, user: UserInfo, user_agent: str, *, apply: bool = False) -> Write:
    """Read the options of a create, update or patch.

    :param kind: ``CreateOptions``, ``UpdateOptions`` or ``PatchOptions``.
    :raises Invalid: an option has a value that it may not have.
    """
    dry_run = list(query.get("dryRun", ()))
    validation = first(query, "fieldValidation")
    manager = first(query, "fieldManager")
    force = truth(query, "force") if first(query, "force") else None
    causes = _dry_run_problems(dry_run)
    if kind == "PatchOptions" and apply and not manager:
        causes.append(field_errors.required("fieldManager", "is required for apply patch"))
    if kind == "PatchOptions" and not apply and force is not None:
        causes.append(field_errors.forbidden("force", "may not be specified for non-apply patch"))
    if len(manager.encode()) > _MAX_MANAGER:
        causes.append(field_errors.too_long("fieldManager", _MAX_MANAGER))
    elif not manager.isprintable():
        causes.append(field_errors.invalid("fieldManager", manager, "should only contain printable characters"))
    if validation not in FIELD_VALIDATION:
        causes.append(field_errors.not_supported("fieldValidation", validation, FIELD_VALIDATION))
    if causes:
        raise Invalid.of(GroupKind("meta.k8s.io", kind), "", causes)
    options: Object = {"kind": kind, "apiVersion": "meta.k8s.io/v1"}
    options |= {"dryRun": dry_run} if dry_run else {}
    options |= {"fieldManager": manager} if manager else {}
    options |= {"force": force} if force is not None else {}
    options |= {"fieldValidation": validation} if validation else {}
    manager = manager or _named_by(user_agent) or "unknown"
    return Write(user, options, bool(dry_run), manager, validation or "Warn", force)


@lru_cache(maxsize=256)
def _named_by(user_agent: str) -> str:
    """The manager that a client is where it names none: what printable characters stand before the first slash."""
    name = "".join(filter(str.isprintable, user_agent.partition("/")[0]))
    return name.encode()[:_MAX_MANAGER].decode(errors="ignore")


def delete_options(query: Query, body: Object | None, user: UserInfo) -> Write:
    """Read the options of a deletion, from its body where there is one, else from its query.

    :raises BadRequest: an option has the wrong type.
    :raises Invalid: an option has a value that it may not have.
    """
    options: Object = dict(body) if body is not None else {}
    if body is None:
        if query.get("dryRun"):
            options["dryRun"] = list(query["dryRun"])
        if (grace := integer(query, "gracePeriodSeconds")) is not None:
            options["gracePeriodSeconds"] = grace
        if policy := first(query, "propagationPolicy"):
            options["propagationPolicy"] = policy
        if first(query, "orphanDependents"):
            options["orphanDependents"] = truth(query, "orphanDependents")
    _check_delete_types(options)
    causes = []
    propagation: str | None = options.get("propagationPolicy")
    if propagation is not None and options.get("orphanDependents") is not None:
        causes.append(
            field_errors.invalid(
                "propagationPolicy", propagation, "orphanDependents and deletionPropagation cannot be both set"
            )
        )
    if propagation is not None and propagation not in PROPAGATION:
        causes.append(field_errors.not_supported("propagationPolicy", propagation, [*PROPAGATION, "nil"]))
    causes += _dry_run_problems(options.get("dryRun") or [])
    if causes:
        raise Invalid.of(GroupKind("meta.k8s.io", "DeleteOptions"), "", causes)
    options = {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1", **options}
    return Write(user, options, dry_run=bool(options.get("dryRun")))


def first(query: Query, name: str) -> str:
    values = query.get(name)
    return values[0] if values else ""


def truth(query: Query, name: str) -> bool:
    """A boolean parameter; ``?watch`` alone means true, as anything that is not ``0`` or ``false``."""
    values = query.get(name)
    return values is not None and len(values) > 0 and values[0].lower() not in ("0", "false")


def integer(query: Query, name: str) -> int | None:
    """A number, where it is given.

    :raises BadRequest: it is none.
    """
    text = first(query, name)
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise BadRequest(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _label_selector(text: str) -> LabelSelector:
    try:
        return LabelSelector.parse(text)
    except SelectorError as error:
        raise BadRequest(f"unable to parse requirement: {error}") from None


def _field_selector(text: str) -> FieldSelector:
    try:
        return FieldSelector.parse(text)
    except SelectorError as error:
        raise BadRequest(str(error)) from None


def _with_name(selector: FieldSelector, name: str) -> FieldSelector:
    """:raises BadRequest: the selector is about something else than the name."""
    if not name:
        return selector
    if not selector.requirements:
        return FieldSelector.parse(f"metadata.name={name}")
    if selector.required_value("metadata.name") != name:
        raise BadRequest("fieldSelector metadata.name doesn't match requested name")
    return selector


def _dry_run_problems(values: Sequence[str]) -> list[Cause]:
    return [field_errors.not_supported("dryRun", list(values), ["All"])] if any(one != "All" for one in values) else []


def _check_delete_types(options: Mapping[str, Any]) -> None:
    kind = options.get("kind")
    if kind not in (None, "DeleteOptions"):
        raise BadRequest(f'no kind "{kind}" is registered for the options of a deletion')
    for name, wanted in (
        ("gracePeriodSeconds", int), ("propagationPolicy", str), ("orphanDependents", bool), ("dryRun", list),
        ("preconditions", dict),
    ):  # fmt: skip
        value = options.get(name)
        if value is not None and (not isinstance(value, wanted) or (wanted is int and isinstance(value, bool))):
            raise BadRequest(f"json: cannot unmarshal {value!r} into Go struct field DeleteOptions.{name}")
