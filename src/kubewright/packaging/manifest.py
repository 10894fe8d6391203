"""What an operator consists of, before it takes the form of any package.

An `OperatorManifest` is filled from the operator's code and the project's settings; `graph.py` turns it into Kubernetes
objects, and each package format arranges those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kubewright.objects import GroupVersionKind
from kubewright.schema.listing import Shown

Object = dict[str, Any]

Certificates = Literal["built-in", "cert-manager"]
"""Who makes the webhook server's certificate: the operator itself, or a cert-manager Issuer."""

_DNS_LABEL = re.compile(r"[a-z]([a-z0-9-]{0,43}[a-z0-9])?\Z")
_SEMVER = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?\Z")


class ManifestError(ValueError):
    """A field of the manifest that cannot be packaged; the text names it and says what to write."""


@dataclass(frozen=True, kw_only=True)
class Maintainer:
    name: str
    email: str


@dataclass(frozen=True, kw_only=True)
class OperatorManifest:
    """An operator's parts.

    :param name: a DNS label of at most 45 characters: the prefix of every object's name.
    :param version: a semantic version without a leading ``v``.
    :param image: the container image that runs the operator.
    :param namespace: where the operator runs.
    :param crds: CustomResourceDefinition objects.
    :param rules: the RBAC rules of its controllers.
    :param webhooks: Mutating- and ValidatingWebhookConfiguration objects; where they point to is filled in here.
    :param policies: ValidatingAdmissionPolicies and their bindings, as the operator declares them.
    :param samples: one custom resource, or more, for every kind that it owns.
    :param shown: how a catalog shows its kinds, as far as their classes say.
    :param watch_namespaces: empty for a cluster-wide operator; otherwise the namespaces its Roles are made in.
    :param command: what the container runs.
    :raises ManifestError: name, version or image is not usable.
    """

    name: str
    version: str
    image: str
    namespace: str = ""
    crds: Sequence[Object] = ()
    rules: Sequence[Object] = ()
    webhooks: Sequence[Object] = ()
    policies: Sequence[Object] = ()
    samples: Sequence[Object] = ()
    shown: Mapping[GroupVersionKind, Shown] = field(default_factory=dict)
    watch_namespaces: Sequence[str] = ()
    certificates: Certificates = "built-in"
    command: Sequence[str] = ("kubewright", "run", "operator.py")
    display_name: str = ""
    description: str = ""
    provider: str = ""
    url: str = ""
    keywords: Sequence[str] = ()
    categories: Sequence[str] = ()
    capabilities: str = "Basic Install"
    maintainers: Sequence[Maintainer] = field(default_factory=tuple)
    icon: tuple[str, bytes] | None = None
    min_kube_version: str = "1.29.0"

    def __post_init__(self) -> None:
        if not _DNS_LABEL.match(self.name):
            raise ManifestError(f"name {self.name!r} must be a lower-case DNS label of at most 45 characters")
        if not _SEMVER.match(self.version):
            raise ManifestError(f"version {self.version!r} must be a semantic version such as 1.2.3")
        if not self.image or any(mark in self.image for mark in " \t\n"):
            raise ManifestError(
                f"image {self.image!r} must be an image reference such as registry.example.com/app:1.2.3"
            )
        if not self.namespace:
            object.__setattr__(self, "namespace", f"{self.name}-system")

    @property
    def namespaced(self) -> bool:
        return bool(self.watch_namespaces)

    @property
    def serves_webhooks(self) -> bool:
        return bool(self.webhooks) or any(converts(crd) for crd in self.crds)


def converts(crd: Object) -> bool:
    """Whether a CRD's versions are converted by a webhook."""
    return bool((crd["spec"].get("conversion") or {}).get("strategy") == "Webhook")
