"""Limit ranges: which of two amounts that contradict each other is called wrong."""

from __future__ import annotations

import pytest
from tests.apiserver.registry.builtin.world import problems

from kubewright.apiserver.registry.strategy import Object


@pytest.mark.parametrize(
    ("limit", "field", "reason"),
    [
        ({"min": {"cpu": "2"}, "max": {"cpu": "1"}, "type": "Pod"}, "min[cpu]", "FieldValueInvalid"),
        ({"defaultRequest": {"cpu": "2"}, "default": {"cpu": "1"}, "type": "Container"},
         "defaultRequest[cpu]", "FieldValueInvalid"),
        ({"max": {"memory": "1Gi"}, "type": "PersistentVolumeClaim"}, "limits", "FieldValueRequired"),
    ],
)  # fmt: skip
def test_faults_of_a_limit(limit: Object, field: str, reason: str) -> None:
    body = {"metadata": {}, "spec": {"limits": [limit]}}
    assert problems("v1", "LimitRange", body) == [(f"spec.limits[0].{field}", reason)]
