from __future__ import annotations

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


def test_a_reconciler_that_takes_no_context_is_told_at_once() -> None:
    async def reconcile(config: ConfigMap) -> None: ...

    with pytest.raises(TypeError, match=r"def reconcile\(obj, ctx\)"):
        Operator("site-operator").reconcile(ConfigMap)(reconcile)  # type: ignore[arg-type]
