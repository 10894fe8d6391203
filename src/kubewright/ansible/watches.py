"""``watches.yaml``: which role or playbook reconciles which kind, and how.

The file's text and the environment come in, one `Watch` a kind goes out.  The format is the Ansible operator's, so that
its projects run as they are; what is added to it (``timeout``, ``injectOwnerReferences``,
``definition``, ``permissions``) has defaults.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from kubewright.objects.meta import LabelSelector
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.rbac_v1 import PolicyRule
from kubewright.objects.time import Duration

_log = logging.getLogger("kubewright.ansible")

_COLLECTIONS = ("~/.ansible/collections", "/usr/share/ansible/collections")
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)", re.ASCII)

DEFAULT_PERIOD = Duration("10h")
"""How long after a reconcile the next one comes if nothing happens."""

DEFAULT_VERBOSITY = 2


class WatchesError(ValueError):
    """The file cannot be used; the text says where and why."""


class Play(msgspec.Struct, frozen=True):
    """What is run: a playbook's path, a role's path, or the full name of a role in a collection."""

    playbook: str = ""
    role: str = ""

    def __str__(self) -> str:
        return f"playbook {Path(self.playbook).name}" if self.playbook else f"role {Path(self.role).name}"


class Finalizer(msgspec.Struct, frozen=True):
    """What is run before an object may go; without a play of its own the watch's, with further variables."""

    name: str
    play: Play | None
    vars: dict[str, Any]


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """How the objects of one kind are reconciled; durations are None where there are none."""

    kind: GroupVersionKind
    play: Play
    finalizer: Finalizer | None = None
    vars: dict[str, Any] = {}
    reconcile_period: Duration | None = None
    timeout: Duration | None = None
    manage_status: bool = True
    watch_dependents: bool = True
    watch_cluster_scoped: bool = False
    watch_annotations: bool = False
    snake_case: bool = True
    mark_unsafe: bool = True
    inject_owner_references: bool = True
    defines: bool = True
    """Whether the kind is this operator's own, so that it brings the definition."""
    selector: LabelSelector = msgspec.field(default_factory=LabelSelector)
    blacklist: frozenset[GroupVersionKind] = frozenset()
    permissions: Sequence[PolicyRule] = ()
    workers: int = 1
    verbosity: int = DEFAULT_VERBOSITY


class _Kind(msgspec.Struct):
    version: str
    kind: str
    group: str = ""

    @property
    def gvk(self) -> GroupVersionKind:
        if not self.version or not self.kind:
            raise WatchesError("version and kind must not be empty")
        return GroupVersionKind(self.group, self.version, self.kind)


class _FinalizerEntry(msgspec.Struct):
    name: str = ""
    playbook: str = ""
    role: str = ""
    vars: dict[str, Any] | None = None


class _Entry(_Kind, rename="camel"):
    """One item of the file, with the file's own names."""

    playbook: str = ""
    role: str = ""
    vars: dict[str, Any] | None = None
    finalizer: _FinalizerEntry | None = None
    max_runner_artifacts: int = 20  # read for compatibility: a run leaves nothing on the disk
    reconcile_period: str | None = None
    timeout: str = "1h"
    manage_status: bool = True
    watch_dependent_resources: bool = True
    watch_cluster_scoped_resources: bool = False
    watch_annotations_changes: bool = False
    snake_case_parameters: bool = True
    mark_unsafe: bool = True
    inject_owner_references: bool = True
    definition: bool = True
    selector: dict[str, Any] | None = None
    blacklist: list[_Kind] | None = None
    permissions: list[dict[str, Any]] | None = None


_FIELDS = {field.encode_name for field in msgspec.structs.fields(_Entry)}


def load_watches(path: Path, environment: Mapping[str, str] = os.environ) -> list[Watch]:
    """Read a file of watches; paths in it are looked up beside it.

    :raises WatchesError: it can't be read, or something in it is wrong.
    """
    try:
        text = path.read_text()
    except OSError as error:
        raise WatchesError(f"{path} cannot be read: {error.strerror}") from None
    try:
        return parse_watches(text, path.resolve().parent, environment)
    except WatchesError as error:
        raise WatchesError(f"{path}: {error}") from None


def parse_watches(text: str, root: Path, environment: Mapping[str, str]) -> list[Watch]:
    """The watches that a file's text describes.

    :param root: the folder that relative paths start from.
    :param environment: fills in ``${NAME}`` (an unknown one stays), and has the settings that go by a kind's name.
    :raises WatchesError: something in it is wrong.
    """
    try:
        items = yaml.load(expand(text, environment), Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise WatchesError(f"is no YAML: {error}") from None
    if items is None:
        return []  # a project that has no kind yet
    if not isinstance(items, list):
        raise WatchesError("must be a list of watches, each with version, kind and a role or a playbook")
    places = _Places(root, environment)
    watches: dict[GroupVersionKind, Watch] = {}
    for number, item in enumerate(items, 1):
        try:
            watch = _watch(item, places)
        except ValueError as error:
            name = item.get("kind") if isinstance(item, dict) else None
            raise WatchesError(f"watch {number}{f' ({name})' if name else ''}: {error}") from None
        if watch.kind in watches:
            raise WatchesError(f"duplicate GVK: {watch.kind}")
        watches[watch.kind] = watch
    return list(watches.values())


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Fill in ``${NAME}`` and ``$NAME``; what the environment doesn't know stays, as ``${NAME}``."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return environment.get(name, f"${{{name}}}")

    return _VARIABLE.sub(value, text)


def _watch(item: Any, places: _Places) -> Watch:
    entry = msgspec.convert(item, _Entry)  # its errors name the field: ValueError
    if unknown := sorted(set(item) - _FIELDS):
        _log.warning("watches: %s of %s means nothing here", ", ".join(unknown), entry.kind)
    kind = entry.gvk
    return Watch(
        kind=kind,
        play=places.play(entry.playbook, entry.role),
        finalizer=_finalizer(entry.finalizer, places) if entry.finalizer is not None else None,
        vars=entry.vars or {},
        reconcile_period=duration(entry.reconcile_period) if entry.reconcile_period is not None else DEFAULT_PERIOD,
        timeout=duration(entry.timeout),
        manage_status=entry.manage_status,
        watch_dependents=entry.watch_dependent_resources,
        watch_cluster_scoped=entry.watch_cluster_scoped_resources,
        watch_annotations=entry.watch_annotations_changes,
        snake_case=entry.snake_case_parameters,
        mark_unsafe=entry.mark_unsafe,
        inject_owner_references=entry.inject_owner_references,
        defines=entry.definition,
        selector=msgspec.convert(entry.selector or {}, LabelSelector),
        blacklist=frozenset(one.gvk for one in entry.blacklist or ()),
        permissions=msgspec.convert(entry.permissions or [], tuple[PolicyRule, ...]),
        workers=_number("MAX_CONCURRENT_RECONCILES", kind, places.environment)
        or _number("WORKER", kind, places.environment)
        or os.cpu_count()
        or 1,
        verbosity=min(_number("ANSIBLE_VERBOSITY", kind, places.environment, DEFAULT_VERBOSITY), 7),
    )


def _finalizer(entry: _FinalizerEntry, places: _Places) -> Finalizer:
    if not entry.name:
        raise WatchesError("finalizer must have a name")
    if entry.playbook or entry.role:
        return Finalizer(entry.name, places.play(entry.playbook, entry.role), entry.vars or {})
    if not entry.vars:
        raise WatchesError("finalizer must have a playbook, a role, or vars")
    return Finalizer(entry.name, None, entry.vars)


def duration(text: str) -> Duration | None:
    """A Go duration; None for zero, which switches off what it limits.

    :raises ValueError: it is none.
    """
    return Duration.from_plain(text) or None


def _number(setting: str, kind: GroupVersionKind, environment: Mapping[str, str], default: int = 0) -> int:
    """The value of ``SETTING_KIND_GROUP``; what is no whole number is as good as absent."""
    name = f"{setting}_{kind.kind}_{kind.group}".replace(".", "_").upper()
    text = environment.get(name, "")
    if text.isdecimal():
        return int(text)
    if text:
        _log.warning("%s=%s is no number and does not count", name, text)
    return default


class _Places:
    """Where roles and playbooks are looked for."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self.root = root
        self.environment = environment

    def play(self, playbook: str, role: str) -> Play:
        """
        :raises WatchesError: neither is given, or there is none of that name.
        """
        if playbook:
            path = self.root / playbook
            if not path.is_file():
                raise WatchesError(f"playbook: {path} was not found")
            return Play(playbook=str(path))
        if role:
            return Play(role=self._role(role))
        raise WatchesError("must specify a role or a playbook")

    def _role(self, role: str) -> str:
        if Path(role).is_absolute():
            candidates = [Path(role)]
        else:
            candidates = [
                *(
                    Path(path) / place
                    for path in self._paths("ANSIBLE_ROLES_PATH")
                    for place in (role, f"roles/{role}")
                ),
                self.root / "roles" / role,
                self.root / role,
            ]
        for candidate in candidates:
            if candidate.is_dir():
                return str(candidate)
        parts = role.split(".")
        if len(parts) == 3:
            inside = Path("ansible_collections", parts[0], parts[1], "roles", parts[2])
            for path in self._paths("ANSIBLE_COLLECTIONS_PATH") or _COLLECTIONS:
                if (Path(path).expanduser() / inside).is_dir():
                    return role
        raise WatchesError(f"role: {role} was not found in {', '.join(str(one.parent) for one in candidates)}")

    def _paths(self, variable: str) -> list[str]:
        return [path for path in self.environment.get(variable, "").split(":") if path]
