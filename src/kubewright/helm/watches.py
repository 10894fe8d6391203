"""``watches.yaml``: which kinds are made by which charts.

A file as operator-sdk's Helm operators have it goes in, a `Watch` for each entry comes out.  What an entry says of
values, ``${NAME}`` and templates in it, is expanded later, by the engine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from kubewright.objects import Duration, GroupVersionKind
from kubewright.objects.selectors import LabelSelector

DryRunOption = Literal["", "none", "client", "server"]

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_KIND = ("group", "version", "kind", "chart")
_REST = (
    "overrideValues", "watchDependentResources", "selector", "reconcilePeriod", "dryRunOption",
    "maxConcurrentReconciles", "maxReleaseHistory",
)  # fmt: skip


class WatchesError(ValueError):
    """A ``watches.yaml`` that cannot be used; the text names the file, the entry and the field."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """One kind and its chart.

    :param chart: the chart's folder or archive.
    :param override_values: what wins over the resource's spec, by dotted path.
    :param watch_dependent_resources: reconcile when something changes what a release consists of.
    :param selector: the resources that count; an empty one lets all through.
    :param reconcile_period: seconds after which a release is looked at again in any case.
    :param max_concurrent_reconciles: how many resources are worked on at a time.
    :param max_release_history: how many revisions of a release are kept; 0 keeps all.
    """

    gvk: GroupVersionKind
    chart: Path
    override_values: Mapping[str, str] = field(default_factory=dict)
    watch_dependent_resources: bool = True
    selector: LabelSelector = field(default_factory=LabelSelector)
    reconcile_period: float = 60.0
    dry_run_option: DryRunOption = ""  # read for compatibility: templates always see the cluster
    max_concurrent_reconciles: int = 4
    max_release_history: int = 10


def read_watches(path: Path, environment: Mapping[str, str] = os.environ) -> list[Watch]:
    """The entries of a file; charts are looked for beside it.

    :param environment: what ``${NAME}`` stands for; a name that is not set is empty.
    :raises WatchesError: the file is missing, no YAML, or an entry says something unusable.
    """
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WatchesError(f"{path} cannot be read: {error}") from error
    if not isinstance(entries, list):
        raise WatchesError(f"{path} must be a list of entries with {', '.join(_KIND)}")
    watches: list[Watch] = []
    for number, entry in enumerate(entries):
        watch = _watch(entry, path, f"{path}: entry {number + 1}", environment)
        if any(other.gvk == watch.gvk for other in watches):
            raise WatchesError(f"{path}: entry {number + 1}: {watch.gvk.kind} has an entry already")
        watches.append(watch)
    return watches


def expand_environment(text: str, environment: Mapping[str, str]) -> str:
    """``${NAME}`` and ``$NAME`` as a shell and Go's ``os.ExpandEnv`` replace them."""
    return _VARIABLE.sub(lambda found: environment.get(found[1] or found[2], ""), text)


def _watch(entry: Any, path: Path, where: str, environment: Mapping[str, str]) -> Watch:
    if not isinstance(entry, dict):
        raise WatchesError(f"{where} must be a mapping, not {entry!r}")
    if unknown := sorted(set(entry) - {*_KIND, *_REST}):
        raise WatchesError(f"{where}: unknown field {', '.join(map(str, unknown))}; there are {', '.join(_REST)}")

    def value(name: str, kind: type, default: Any) -> Any:
        found = entry.get(name)
        if found is None:
            return default
        if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
            raise WatchesError(f"{where}: {name} must be a {kind.__name__}, not {found!r}")
        return found

    def parsed(name: str, kind: type, parse: Callable[[Any], Any], default: Any) -> Any:
        try:
            return default if name not in entry else parse(value(name, kind, None))
        except ValueError as error:
            raise WatchesError(f"{where}: {name}: {error}") from error

    names = [value(name, str, "") for name in _KIND]
    for name, text in zip(_KIND, names, strict=True):
        if not text and name != "group":
            raise WatchesError(f"{where} lacks {name}")
    workers = value("maxConcurrentReconciles", int, Watch.max_concurrent_reconciles)
    if workers < 1:
        raise WatchesError(f"{where}: maxConcurrentReconciles must be 1 or more, not {workers}")
    dry_run = value("dryRunOption", str, "")
    if dry_run not in get_args(DryRunOption):
        raise WatchesError(f"{where}: dryRunOption must be none, client or server, not {dry_run!r}")
    overrides = value("overrideValues", dict, {})
    if nested := [str(key) for key, one in overrides.items() if isinstance(one, dict | list)]:
        raise WatchesError(
            f"{where}: overrideValues: {', '.join(nested)} must be a scalar; write a.b: value for nested ones"
        )
    return Watch(
        gvk=GroupVersionKind(*names[:3]),
        chart=path.parent / expand_environment(names[3], environment),
        override_values={str(key): expand_environment(_text(one), environment) for key, one in overrides.items()},
        watch_dependent_resources=value("watchDependentResources", bool, True),
        selector=parsed("selector", dict, LabelSelector.from_object, LabelSelector()),
        reconcile_period=parsed("reconcilePeriod", str, _seconds, Watch.reconcile_period),
        dry_run_option=dry_run,
        max_concurrent_reconciles=workers,
        max_release_history=value("maxReleaseHistory", int, Watch.max_release_history),
    )


def _seconds(text: str) -> float:
    return Duration(text).total_seconds()


def _text(value: object) -> str:
    """A scalar as Go's YAML gives it to a ``map[string]string``."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
