"""What an operator declares about one admission webhook, and the configuration objects that follow from all of them.

`WebhookDeclaration`s go in, with the place where the server can be reached; a MutatingWebhookConfiguration and a
ValidatingWebhookConfiguration come out, ready to be applied or written to a file.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypedDict, TypeVar, Unpack

import msgspec

from kubewright.objects import from_dict, to_dict
from kubewright.objects.admissionregistration_v1 import (
    MatchCondition,
    MutatingWebhook,
    MutatingWebhookConfiguration,
    RuleWithOperations,
    ServiceReference,
    ValidatingWebhook,
    ValidatingWebhookConfiguration,
    WebhookClientConfig,
)
from kubewright.objects.apiextensions_v1 import CustomResourceConversion
from kubewright.objects.meta import LabelSelector, Object, ObjectMeta
from kubewright.objects.names import GroupKind
from kubewright.webhook.admission import Handler, Problems, defaulting, raw, validating
from kubewright.webhook.app import WebhookApp, path_of
from kubewright.webhook.conversion import Conversions
from kubewright.webhook.review import AdmissionRequest, Operation

T = TypeVar("T", bound=Object)

Purpose = Literal["mutate", "validate"]

_WRITES: tuple[Operation, ...] = ("CREATE", "UPDATE")


class ServiceEndpoint(NamedTuple):
    """The server is reached through a Service of the cluster."""

    namespace: str
    name: str
    port: int = 443

    def client_config(self, path: str, ca_bundle: bytes | None) -> WebhookClientConfig:
        service = ServiceReference(namespace=self.namespace, name=self.name, path=path, port=self.port)
        return WebhookClientConfig(service=service, ca_bundle=ca_bundle)

    @property
    def hosts(self) -> list[str]:
        """The names that the serving certificate has to be for."""
        full = f"{self.name}.{self.namespace}.svc"
        return [full, f"{full}.cluster.local"]


class URLEndpoint(NamedTuple):
    """The server is reached at a URL: a process beside the cluster."""

    host: str
    port: int

    def client_config(self, path: str, ca_bundle: bytes | None) -> WebhookClientConfig:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return WebhookClientConfig(url=f"https://{host}:{self.port}{path}", ca_bundle=ca_bundle)

    @property
    def hosts(self) -> list[str]:
        return [self.host]


Endpoint = ServiceEndpoint | URLEndpoint


class WebhookOptions(TypedDict, total=False):
    """The fields of `WebhookDeclaration` that the user of a decorator may set."""

    operations: Sequence[Operation]
    name: str
    failure_policy: Literal["Fail", "Ignore"]
    match_policy: Literal["Equivalent", "Exact"]
    side_effects: Literal["None", "NoneOnDryRun"]
    timeout_seconds: int
    reinvocation_policy: Literal["Never", "IfNeeded"]
    namespace_selector: LabelSelector | None
    object_selector: LabelSelector | None
    match_conditions: Mapping[str, str]


class WebhookDeclaration(msgspec.Struct, frozen=True, kw_only=True):
    """One admission webhook.

    :param name: fully qualified, unique in its configuration: ``validate.websites.web.example.com``.
    :param path: where the server answers.
    :param resources: with subresources where they are meant: ``pods``, ``pods/eviction``, ``*/scale``.
    :param failure_policy: what becomes of a write when the webhook cannot be asked.
    :param match_policy: ``Equivalent`` also takes writes to other versions of the resource, converted to this one.
    :param side_effects: ``NoneOnDryRun`` when the handler does something besides answering, but not on a dry run.
    :param timeout_seconds: 1 to 30.
    :param reinvocation_policy: ``IfNeeded`` asks a mutating webhook again when others changed the object after it.
    :param match_conditions: CEL expressions by name; the webhook is asked when all of them hold.
    """

    purpose: Purpose
    name: str
    path: str
    handler: Handler
    groups: Sequence[str]
    versions: Sequence[str]
    resources: Sequence[str]
    operations: Sequence[Operation] = _WRITES
    scope: Literal["*", "Namespaced", "Cluster"] = "*"
    failure_policy: Literal["Fail", "Ignore"] = "Fail"
    match_policy: Literal["Equivalent", "Exact"] = "Equivalent"
    side_effects: Literal["None", "NoneOnDryRun"] = "None"
    timeout_seconds: int = 10
    reinvocation_policy: Literal["Never", "IfNeeded"] = "Never"
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None
    match_conditions: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        if self.name.count(".") < 2:
            raise ValueError(f"webhook name {self.name!r} needs three parts at least, such as validate.example.com")
        if not 1 <= self.timeout_seconds <= 30:
            raise ValueError(f"webhook {self.name}: timeout_seconds is {self.timeout_seconds}, but must be 1 to 30")

    def rule(self) -> RuleWithOperations:
        return RuleWithOperations(
            api_groups=list(self.groups),
            api_versions=list(self.versions),
            resources=list(self.resources),
            operations=list(self.operations),
            scope=self.scope,
        )


def defaulter(
    cls: type[T], function: Callable[..., Awaitable[None] | None], **options: Unpack[WebhookOptions]
) -> WebhookDeclaration:
    """A mutating webhook for the writes of one kind."""
    return _for_kind("mutate", cls, defaulting(cls, function), options)


def validator(
    cls: type[T], function: Callable[..., Awaitable[Problems] | Problems], **options: Unpack[WebhookOptions]
) -> WebhookDeclaration:
    """A validating webhook for the writes of one kind."""
    return _for_kind("validate", cls, validating(cls, function), options)


def admission(
    purpose: Purpose,
    function: Callable[[AdmissionRequest], Any],
    *,
    path: str,
    groups: Sequence[str],
    resources: Sequence[str],
    versions: Sequence[str] = ("*",),
    **options: Unpack[WebhookOptions],
) -> WebhookDeclaration:
    """A webhook for any resources and operations."""
    named: WebhookOptions = {"name": f"{path.strip('/').replace('/', '-')}.admission.kubewright.dev", **options}
    return WebhookDeclaration(
        purpose=purpose, path=path, handler=raw(function),
        groups=groups, versions=versions, resources=resources, **named,
    )  # fmt: skip


def _for_kind(purpose: Purpose, cls: type[Object], handler: Handler, options: WebhookOptions) -> WebhookDeclaration:
    group = cls.gvk.group
    named: WebhookOptions = {"name": f"{purpose}.{cls.plural}.{group or 'core'}", **options}
    return WebhookDeclaration(
        purpose=purpose, path=path_of(cls.gvk, purpose), handler=handler,
        groups=[group], versions=[cls.gvk.version], resources=[cls.plural], **named,
    )  # fmt: skip


def app_of(
    declarations: Sequence[WebhookDeclaration],
    conversions: Mapping[GroupKind, Conversions] | None = None,
    *,
    max_in_flight: int = 256,
) -> WebhookApp:
    """The application that answers for all of them.

    :param conversions: between the versions of kinds, served at ``/convert``.

    :raises ValueError: two want one path, or one name.
    """
    app = WebhookApp(max_in_flight=max_in_flight)
    names: set[tuple[str, str]] = set()
    for declaration in declarations:
        if (declaration.purpose, declaration.name) in names:
            raise ValueError(f"two webhooks are called {declaration.name}: give one another name")
        names.add((declaration.purpose, declaration.name))
        app.add(declaration.path, declaration.handler)
    for kind, functions in (conversions or {}).items():
        app.add_conversions(kind, functions)
    return app


def conversion_through(endpoint: Endpoint, ca_bundle: bytes | None = None) -> CustomResourceConversion:
    """The ``conversion`` of a CRD whose versions are converted at ``endpoint``.

    :param ca_bundle: PEM; left out where it is injected later.
    """
    config = to_dict(endpoint.client_config("/convert", ca_bundle))
    webhook = {"clientConfig": config, "conversionReviewVersions": ["v1"]}
    return from_dict(CustomResourceConversion, {"strategy": "Webhook", "webhook": webhook})


def configurations(
    name: str, declarations: Sequence[WebhookDeclaration], endpoint: Endpoint, ca_bundle: bytes | None = None
) -> list[MutatingWebhookConfiguration | ValidatingWebhookConfiguration]:
    """The configuration objects, each only if it would have a webhook, both called ``name``.

    :param ca_bundle: PEM; left out where it is injected later.
    """
    metadata = ObjectMeta(name=name)
    mutating = [_mutating(one, endpoint, ca_bundle) for one in declarations if one.purpose == "mutate"]
    validating = [_validating(one, endpoint, ca_bundle) for one in declarations if one.purpose == "validate"]
    found: list[MutatingWebhookConfiguration | ValidatingWebhookConfiguration] = []
    if mutating:
        found.append(MutatingWebhookConfiguration(metadata=metadata, webhooks=mutating))
    if validating:
        found.append(ValidatingWebhookConfiguration(metadata=metadata, webhooks=validating))
    return found


def _mutating(one: WebhookDeclaration, endpoint: Endpoint, ca_bundle: bytes | None) -> MutatingWebhook:
    return MutatingWebhook(**_common(one, endpoint, ca_bundle), reinvocation_policy=one.reinvocation_policy)


def _validating(one: WebhookDeclaration, endpoint: Endpoint, ca_bundle: bytes | None) -> ValidatingWebhook:
    return ValidatingWebhook(**_common(one, endpoint, ca_bundle))


def _common(one: WebhookDeclaration, endpoint: Endpoint, ca_bundle: bytes | None) -> dict[str, Any]:
    """The fields that both sorts of webhook have."""
    return {
        "name": one.name,
        "client_config": endpoint.client_config(one.path, ca_bundle),
        "rules": [one.rule()],
        "failure_policy": one.failure_policy,
        "match_policy": one.match_policy,
        "side_effects": one.side_effects,
        "timeout_seconds": one.timeout_seconds,
        "admission_review_versions": ["v1"],
        "namespace_selector": one.namespace_selector,
        "object_selector": one.object_selector,
        "match_conditions": [MatchCondition(name=name, expression=text) for name, text in one.match_conditions.items()],
    }
