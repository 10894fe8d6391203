"""The webhooks of one logical cluster, compiled from its webhook configurations.

Every write reads the configurations through the request's reader; what is compiled from one is kept until its webhooks
change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.policy.conditions import MatchConditions
from kubewright.apiserver.admission.policy.environment import PolicyEnvironment
from kubewright.apiserver.admission.policy.inputs import inputs
from kubewright.apiserver.admission.refusal import refused
from kubewright.apiserver.admission.rules import Constraints, Target
from kubewright.apiserver.auth.authorizer import Authorizer
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.cel import EvaluationError

_GROUP = "admissionregistration.k8s.io"


class Hook:
    """One webhook of a configuration.

    :param key: names it among all webhooks of its sort: configuration, name and position among its namesakes.
    """

    __slots__ = (
        "client_config", "conditions", "constraints", "ignore_failures", "key", "name", "reinvocable",
        "review_versions", "side_effects", "timeout",
    )  # fmt: skip

    def __init__(self, raw: dict[str, Any], key: str) -> None:
        self.key = key
        self.name: str = raw["name"]
        self.client_config: dict[str, Any] = raw["clientConfig"]
        self.constraints = Constraints(raw, raw.get("rules") or ())
        conditions = raw.get("matchConditions")
        self.conditions = MatchConditions(conditions, PolicyEnvironment(has_params=False)) if conditions else None
        self.ignore_failures = raw.get("failurePolicy") == "Ignore"
        self.reinvocable = raw.get("reinvocationPolicy") == "IfNeeded"
        self.review_versions: list[str] = raw.get("admissionReviewVersions") or []
        self.side_effects: str | None = raw.get("sideEffects")
        self.timeout: float = raw.get("timeoutSeconds") or 10

    def wants(
        self, target: Target, attributes: Attributes, *, obj: Object | None, old: Object | None, authorizer: Authorizer
    ) -> bool:
        """Whether the webhook's ``matchConditions`` let it be asked; the objects are in the version of ``target``.

        :raises Forbidden: that cannot be told, and its failure policy is Fail.
        """
        if self.conditions is None:
            return True
        try:
            values = inputs(attributes, target, obj=obj, old=old, params=None, authorizer=authorizer)
            return self.conditions.hold(values)
        except EvaluationError as error:
            if self.ignore_failures:
                return False
            raise refused(attributes, str(error)) from error


class Hooks:
    """All webhooks of one sort.

    :param resource: ``mutatingwebhookconfigurations`` or ``validatingwebhookconfigurations``.
    """

    def __init__(self, resource: str) -> None:
        self.resource = resource
        self._compiled: dict[str, tuple[list[dict[str, Any]], list[Hook]]] = {}

    def read(self, reader: Reader) -> Iterator[Hook]:
        """The webhooks in the order of calling: by name of the configuration, then as listed there."""
        configurations = list(reader.list(_GROUP, self.resource))
        if not configurations:
            self._compiled.clear()
            return
        for configuration in sorted(configurations, key=_name):
            yield from self._compile(configuration)

    def _compile(self, configuration: Object) -> list[Hook]:
        name, webhooks = _name(configuration), configuration.get("webhooks") or []
        known = self._compiled.get(name)
        if known is not None and known[0] == webhooks:
            return known[1]
        hooks: list[Hook] = []
        for raw in webhooks:
            namesakes = sum(hook.name == raw["name"] for hook in hooks)
            hooks.append(Hook(raw, f"{name}/{raw['name']}/{namesakes}"))
        self._compiled[name] = (webhooks, hooks)
        return hooks


def _name(configuration: Object) -> str:
    name: str = configuration["metadata"]["name"]
    return name
