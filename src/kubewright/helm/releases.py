"""A release as Helm records it, and its form in a Secret.

The JSON is Helm's own (``pkg/release/v1``), gzipped and in base64, so that ``helm list``, ``helm history`` and ``helm
rollback`` read what is written here, and the other way round.
"""

from __future__ import annotations

import base64
import gzip
from typing import Any

import msgspec

from kubewright.helm.manifests import Hook, hook_from
from kubewright.objects import format_time, now

DEPLOYED, FAILED, SUPERSEDED = "deployed", "failed", "superseded"
UNINSTALLING = "uninstalling"
PENDING = ("pending-install", "pending-upgrade", "pending-rollback")

_GZIP = b"\x1f\x8b\x08"


class Run(msgspec.Struct, omit_defaults=True):
    """How a hook ended the last time."""

    started_at: str | None = None
    completed_at: str | None = None
    phase: str = ""


class HookRecord(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A hook in a release; ``manifest`` is its text."""

    name: str
    kind: str
    path: str
    manifest: str
    events: list[str] = []
    last_run: Run = msgspec.field(default_factory=Run)
    weight: int = 0
    delete_policies: list[str] = []


class Info(msgspec.Struct, omit_defaults=True):
    """Times, status and description of a revision."""

    first_deployed: str | None = None
    last_deployed: str | None = None
    deleted: str | None = None
    description: str = ""
    status: str = ""
    notes: str = ""


class Release(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One revision of a release.

    :param chart: the chart as Helm stores it: metadata, templates, values, files.
    :param config: the values that were given, without the chart's defaults.
    :param manifest: all objects but hooks.
    :param version: the revision, from 1.
    """

    name: str
    namespace: str
    version: int
    info: Info
    chart: dict[str, Any] = {}
    config: dict[str, Any] = {}
    manifest: str = ""
    hooks: list[HookRecord] = []
    apply_method: str = ""

    @property
    def chart_name(self) -> str:
        return str((self.chart.get("metadata") or {}).get("name", ""))

    @property
    def chart_version(self) -> str:
        return str((self.chart.get("metadata") or {}).get("version", ""))


def new_release(
    name: str,
    namespace: str,
    version: int,
    status: str,
    *,
    chart: dict[str, Any],
    config: dict[str, Any],
    manifest: str,
    hooks: list[HookRecord],
    notes: str = "",
    description: str = "",
    first_deployed: str | None = None,
) -> Release:
    """A revision that begins now."""
    at = format_time(now())
    return Release(
        name=name,
        namespace=namespace,
        version=version,
        info=Info(first_deployed or at, at, None, description, status, notes),
        chart=chart,
        config=config,
        manifest=manifest,
        hooks=hooks,
        apply_method="ssa",
    )


def hooks_of(release: Release) -> list[Hook]:
    """The hooks of a stored release, in the order in which they run."""
    return [hook_from(record.path, record.manifest) for record in release.hooks]


def hook_record(hook: Hook) -> HookRecord:
    """A hook as a release's record holds it, before it has run."""
    metadata = hook.obj["metadata"]
    return HookRecord(
        name=metadata["name"],
        kind=hook.obj["kind"],
        path=hook.path,
        manifest=hook.text,
        events=list(hook.events),
        weight=hook.weight,
        delete_policies=list(hook.delete_policies),
    )


def encode(release: Release) -> bytes:
    """What a Secret's ``release`` key holds: base64 of gzipped JSON.  The same release gives the same bytes."""
    return base64.b64encode(gzip.compress(msgspec.json.encode(release), mtime=0))


def decode(data: bytes) -> Release:
    """Read what :func:`encode` or Helm has written.

    :raises ValueError: it is no release.
    """
    try:
        packed = base64.b64decode(data, validate=True)
        return _read(gzip.decompress(packed) if packed.startswith(_GZIP) else packed)
    except (gzip.BadGzipFile, EOFError, msgspec.DecodeError) as error:
        raise ValueError(f"this is no Helm release: {error}") from error


_read = msgspec.json.Decoder(Release).decode
