from __future__ import annotations

import pytest

from kubewright import Context, Invalid, ObjectMeta, Operator
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
