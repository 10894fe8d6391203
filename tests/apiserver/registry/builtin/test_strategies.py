import pytest
from tests.apiserver.registry.builtin.world import World, decoded, strategy

from kubewright.apiserver.registry.builtin import builtin_resources
from kubewright.apiserver.registry.builtin.base import BuiltinStrategy
from kubewright.apiserver.registry.builtin.strategies import STRATEGIES, strategy_class

KINDS = [(api_version, kind) for api_version, kinds in STRATEGIES.items() for kind in kinds]


@pytest.mark.parametrize(("api_version", "kind"), KINDS)
def test_every_strategy_that_is_named_exists_and_serves_a_kind(api_version: str, kind: str) -> None:
    assert issubclass(strategy_class(api_version, kind), BuiltinStrategy)
    assert any((one.gvk.api_version, one.gvk.kind) == (api_version, kind) for one in builtin_resources())


def test_a_kind_without_rules_of_its_own_has_the_common_ones() -> None:
    assert strategy_class("v1", "Binding") is BuiltinStrategy


@pytest.mark.parametrize(
    ("api_version", "kind", "refused"),
    [
        ("v1", "ConfigMap", True),
        ("v1", "Namespace", True),
        ("apps/v1", "StatefulSet", True),
        ("networking.k8s.io/v1", "NetworkPolicy", True),
        ("scheduling.k8s.io/v1", "PriorityClass", True),
        ("coordination.k8s.io/v1", "Lease", False),
        ("policy/v1", "PodDisruptionBudget", False),
        ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", False),
    ],
)
def test_unqualified_finalizers_are_refused_in_updates_too(api_version: str, kind: str, refused: bool) -> None:
    obj = decoded(api_version, kind, {"metadata": {"name": "a", "namespace": "n", "finalizers": ["bad"]}})
    fields = [cause.field for cause in strategy(api_version, kind).validate_update(obj, obj, World())]
    assert ("metadata.finalizers[0]" in fields) is refused
