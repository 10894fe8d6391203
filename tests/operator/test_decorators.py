from __future__ import annotations

from typing import Any

import pytest

from kubewright import Context, Invalid, ObjectMeta, Operator, Resource, Spec
from kubewright.objects.core_v1 import ConfigMap
from kubewright.webhook import AdmissionRequest


def test_declared_functions_stay_what_they_were() -> None:
    op = Operator("guard")

    @op.validate(ConfigMap)
    def has_data(new: ConfigMap, old: ConfigMap | None) -> None:
        if not new.data:
            raise Invalid("data", "is empty")

    with pytest.raises(Invalid):
        has_data(ConfigMap(metadata=ObjectMeta(name="a")), None)


def test_a_kind_has_one_finalize_function() -> None:
    op = Operator("guard")

    @op.finalize(ConfigMap)
    async def clean_up(config: ConfigMap, ctx: Context) -> None: ...

    with pytest.raises(ValueError, match="two finalize functions"):
        op.finalize(ConfigMap)(clean_up)


def test_raw_admission_is_declared_by_path() -> None:
    guard = Operator("guard")

    @guard.admit("validate", path="/no-latest", groups=[""], resources=["pods"], operations=["CREATE"])
    def no_latest(request: AdmissionRequest) -> None: ...

    (declared,) = guard.webhooks
    assert (declared.path, declared.resources, declared.operations) == ("/no-latest", ["pods"], ["CREATE"])


def test_a_kind_without_a_name_in_the_api_is_told_at_once() -> None:
    class Nameless(Resource[Spec, None]): ...

    with pytest.raises(TypeError, match=r"put @op\.resource\(group=\.\.\., version=\.\.\.\) above it"):
        Operator("site-operator").reconcile(Nameless)(lambda obj, ctx: None)


@pytest.mark.parametrize("decorator", ["reconcile", "finalize", "default", "validate", "on_create", "on_delete"])
def test_a_decorator_without_its_kind_is_told_at_once(decorator: str) -> None:
    async def look_after(config: ConfigMap, ctx: Context) -> None: ...

    with pytest.raises(TypeError, match=rf"needs the kind that look_after is for: @op\.{decorator}\(Website\)"):
        getattr(Operator("site-operator"), decorator)(look_after)


@pytest.mark.parametrize(
    ("owns", "words"),
    [
        (ConfigMap, r"owns takes a list: owns=\[ConfigMap\]"),
        (["ConfigMap"], "classes of kinds, .* and not 'ConfigMap'"),
        ([Spec], r"Spec is no kind: derive it from Resource\["),
    ],
)
def test_children_that_are_no_kinds_are_told_at_once(owns: Any, words: str) -> None:
    op = Operator("site-operator")
    with pytest.raises(TypeError, match=words):
        op.reconcile(ConfigMap, owns=owns)
    with pytest.raises(TypeError, match=words):
        op.timer(ConfigMap, interval=1, owns=owns)


def test_two_reconcile_functions_need_two_names() -> None:
    op = Operator("site-operator")

    @op.reconcile(ConfigMap)
    async def reconcile(config: ConfigMap, ctx: Context) -> None: ...

    with pytest.raises(ValueError, match="two reconcile functions are called configmap: give one a name="):
        op.reconcile(ConfigMap)(reconcile)
    op.reconcile(ConfigMap, name="other")(reconcile)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"watches": [ConfigMap]}, r"watches=\{ConfigMap: keys_of\}"),
        ({"when": "generation"}, "such as generation_changed, and not 'generation'"),
        ({"when": {ConfigMap: True}}, "such as generation_changed, and not True"),
        ({"workers": 0}, "workers is 0, but one is needed"),
    ],
)
def test_parameters_that_cannot_be_meant_are_told_at_once(options: dict[str, Any], words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        Operator("site-operator").reconcile(ConfigMap, **options)


def test_a_timer_without_an_interval_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="interval is 0, but seconds have to pass"):
        Operator("site-operator").timer(ConfigMap, interval=0)


def test_a_reconciler_that_yields_is_told_at_once() -> None:
    async def reconcile(config: ConfigMap, ctx: Context) -> Any:
        yield 1

    with pytest.raises(TypeError, match="reconcile yields, but a reconciler returns"):
        Operator("site-operator").reconcile(ConfigMap)(reconcile)


def test_a_second_validator_of_a_kind_is_told_at_once() -> None:
    op = Operator("site-operator")
    op.validate(ConfigMap)(lambda new, old: None)
    with pytest.raises(ValueError, match=r"two functions are @op\.validate\(ConfigMap\): make them one"):
        op.validate(ConfigMap)(lambda new, old: None)
    op.default(ConfigMap)(lambda new: None)


@pytest.mark.parametrize("name", ["", "My operator", "my_operator", "-a"])
def test_a_name_that_kubernetes_would_refuse_is_told_at_once(name: str) -> None:
    with pytest.raises(ValueError, match="as my-operator"):
        Operator(name)


def test_a_reconciler_that_takes_no_context_is_told_at_once() -> None:
    async def reconcile(config: ConfigMap) -> None: ...

    with pytest.raises(TypeError, match=r"def reconcile\(obj, ctx\)"):
        Operator("site-operator").reconcile(ConfigMap)(reconcile)  # type: ignore[arg-type]
