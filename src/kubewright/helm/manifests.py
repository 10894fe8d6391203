"""From rendered templates to objects: what a release consists of, in the order in which a cluster wants it.

Texts by template path, as the engine gives them, go in; a `Rendered` with the manifest, the hooks and the notes comes
out.  The order and the hook annotations are Helm's (``pkg/release/v1/util``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import yaml

from kubewright.objects import GroupVersionKind
from kubewright.objects.manifests import Loader

Raw = dict[str, Any]

INSTALL_ORDER = (
    "PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodDisruptionBudget",
    "ServiceAccount", "Secret", "ConfigMap", "StorageClass", "PersistentVolume", "PersistentVolumeClaim",
    "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "Service", "DaemonSet",
    "Pod", "ReplicationController", "ReplicaSet", "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job",
    "CronJob", "IngressClass", "Ingress", "APIService", "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
)  # fmt: skip
"""Kinds that others need come first; kinds that are not named come last, by name."""

HOOK, WEIGHT, DELETE_POLICY = "helm.sh/hook", "helm.sh/hook-weight", "helm.sh/hook-delete-policy"
RESOURCE_POLICY = "helm.sh/resource-policy"

_RANK = {kind: rank for rank, kind in enumerate(INSTALL_ORDER)}
_DOCUMENTS = re.compile(r"(?:^|\s*\n)---[ \t]*(?:#[^\n]*)?(?=\n|\Z)")
_EVENTS = frozenset(
    (
        "pre-install", "post-install", "pre-delete", "post-delete", "pre-upgrade", "post-upgrade", "pre-rollback",
        "post-rollback", "test",
    )
)  # fmt: skip


class ManifestError(ValueError):
    """A template that renders to something other than Kubernetes objects; the text names it."""


class Hook(NamedTuple):
    """An object that is made at certain events instead of staying with the release."""

    obj: Raw
    path: str
    text: str
    events: tuple[str, ...]
    weight: int
    delete_policies: tuple[str, ...]


class Rendered(NamedTuple):
    """A chart with its values filled in.

    :param manifest: all objects but hooks as one text, as Helm stores it.
    """

    manifest: str
    objects: list[Raw]
    hooks: list[Hook]
    notes: str


def rendered(texts: Mapping[str, str], chart: str) -> Rendered:
    """What templates render to.

    :param chart: its name: only its own ``NOTES.txt`` counts, not those of its dependencies.
    :raises ManifestError: a template gives no YAML, or no objects.
    """
    notes = texts.get(f"{chart}/templates/NOTES.txt", "")
    found: list[tuple[str, str, Raw]] = []
    for path in sorted(texts):
        if path.rpartition("/")[2] == "NOTES.txt" or path.rpartition("/")[2].startswith("_"):
            continue
        found += [(path, text, obj) for text, obj in _documents(texts[path], path)]
    named = [_hook(obj, path, text) for path, text, obj in found if _annotations(obj).get(HOOK)]
    hooks = [hook for hook in named if _EVENTS.issuperset(hook.events)]  # Helm passes over what it does not know, too
    plain = [one for one in found if not _annotations(one[2]).get(HOOK)]
    plain.sort(key=lambda one: _order(one[2]))
    manifest = "".join(f"---\n# Source: {path}\n{text}\n" for path, text, _ in plain)
    objects = [item for _, _, obj in plain for item in _items(obj)]
    return Rendered(manifest, objects, sorted(hooks, key=_hook_order), notes)


def objects_of(manifest: str) -> list[Raw]:
    """The objects of a stored manifest."""
    return [item for _, obj in _documents(manifest, "the stored manifest") for item in _items(obj)]


def hooks_for(hooks: Iterable[Hook], event: str) -> list[Hook]:
    """The hooks of an event, in the order in which they run."""
    return [hook for hook in hooks if event in hook.events]


def gvk_of(obj: Raw) -> GroupVersionKind:
    return GroupVersionKind.parse(obj["apiVersion"], obj["kind"])


def hook_from(path: str, text: str) -> Hook:
    """A hook from its stored text."""
    ((_, obj),) = _documents(text, path)
    return _hook(obj, path, text)


def is_kept(obj: Raw) -> bool:
    """Whether the object outlives its release: ``helm.sh/resource-policy: keep``."""
    return _annotations(obj).get(RESOURCE_POLICY, "").strip().lower() == "keep"


def name_of(obj: Raw) -> str:
    """For people: ``Deployment web``."""
    return f"{obj['kind']} {obj['metadata']['name']}"


def _documents(text: str, path: str) -> list[tuple[str, Raw]]:
    found = []
    for document in _DOCUMENTS.split(text):
        try:
            obj = yaml.load(document, Loader=Loader)
        except yaml.YAMLError as error:
            raise ManifestError(f"{path} renders to no YAML: {error}") from error
        if obj is None:
            continue
        if not isinstance(obj, dict) or not isinstance(obj.get("kind"), str) or not obj.get("apiVersion"):
            raise ManifestError(f"{path} renders to something without apiVersion and kind")
        if not obj["kind"].endswith("List") and not (obj.get("metadata") or {}).get("name"):
            raise ManifestError(f"{path} renders to a {obj['kind']} without a name")
        found.append((document.strip("\n"), obj))
    return found


def _items(obj: Raw) -> list[Raw]:
    if obj["kind"].endswith("List") and isinstance(obj.get("items"), list):
        return list(obj["items"])
    return [obj]


def _annotations(obj: Raw) -> Mapping[str, str]:
    return (obj.get("metadata") or {}).get("annotations") or {}


def _order(obj: Raw) -> tuple[int, str]:
    kind = obj["kind"].removesuffix("List")
    return _RANK.get(kind, len(_RANK)), "" if kind in _RANK else kind


def _hook(obj: Raw, path: str, text: str) -> Hook:
    annotations = _annotations(obj)
    events = [_words(event) for event in annotations[HOOK].split(",")]
    named = ["test" if event == "test-success" else event for event in events]
    try:
        weight = int(annotations.get(WEIGHT, "0"))
    except ValueError:
        weight = 0
    policies = [_words(one) for one in annotations.get(DELETE_POLICY, "").split(",") if one.strip()]
    return Hook(obj, path, text, tuple(named), weight, tuple(policies) or ("before-hook-creation",))


def _words(text: str) -> str:
    return text.strip().lower()


def _hook_order(hook: Hook) -> tuple[int, tuple[int, str], str]:
    return hook.weight, _order(hook.obj), hook.obj["metadata"]["name"]
