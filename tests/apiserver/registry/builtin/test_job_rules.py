"""The steps of a Job's status, its policies, and what it may change."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.apiserver.registry.builtin.world import World, created, fields_and_reasons, problems, strategy

from kubewright.apiserver.registry.builtin.job_rules import parse_indexes
from kubewright.apiserver.registry.strategy import Object


def job(**spec: object) -> Object:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i:1"}]}}
    return {"spec": {"template": template, **spec}}


def stored(**spec: object) -> Object:
    return created("batch/v1", "Job", job(**spec))


INDEXED: dict[str, Any] = {"completionMode": "Indexed", "completions": 3, "parallelism": 3}
CODES = {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [1]}}


def policy(**rule: object) -> Object:
    return {"podFailurePolicy": {"rules": [{**CODES, **rule}]}}


@pytest.mark.parametrize(
    ("spec", "wrong"),
    [
        ({"maxFailedIndexes": 1}, [("backoffLimitPerIndex", "Required"), ("maxFailedIndexes", "Invalid")]),
        ({"completionMode": "Indexed", "parallelism": 1}, [("completions", "Required")]),
        ({**INDEXED, "backoffLimitPerIndex": 1, "maxFailedIndexes": 4}, [("maxFailedIndexes", "Invalid")]),
        ({"managedBy": "me"}, [("managedBy", "Invalid")]),
        (policy(action="Explode"), [("podFailurePolicy.rules[0].action", "NotSupported")]),
        (policy(action="FailIndex"), [("podFailurePolicy.rules[0].action", "Invalid")]),
        (
            policy(onExitCodes={"operator": "In", "values": [3, 0, 3]}),
            [
                ("podFailurePolicy.rules[0].onExitCodes.values", "Invalid"),
                ("podFailurePolicy.rules[0].onExitCodes.values[1]", "Invalid"),
                ("podFailurePolicy.rules[0].onExitCodes.values[2]", "Duplicate"),
            ],
        ),
        ({"successPolicy": {"rules": [{"succeededCount": 1}]}}, [("successPolicy", "Invalid")]),
        ({**INDEXED, "successPolicy": {"rules": [{}]}}, [("successPolicy.rules[0]", "Required")]),
        (
            {**INDEXED, "successPolicy": {"rules": [{"succeededIndexes": "0-1", "succeededCount": 3}]}},
            [("successPolicy.rules[0].succeededCount", "Invalid")],
        ),
        (
            {**policy(), "podReplacementPolicy": "TerminatingOrFailed"},
            [("podReplacementPolicy", "NotSupported")],
        ),
    ],
)
def test_specs_that_break_a_rule(spec: Object, wrong: list[tuple[str, str]]) -> None:
    expected = sorted((f"spec.{field}", f"FieldValue{reason}") for field, reason in wrong)
    assert problems("batch/v1", "Job", job(**spec)) == expected


def test_labels_of_the_job_itself_stay_as_they_were_given() -> None:
    body = {"metadata": {"labels": {"own": "yes"}}, **job()}
    assert created("batch/v1", "Job", body)["metadata"]["labels"] == {"own": "yes"}


def test_labels_of_the_template_come_to_a_job_without_any() -> None:
    body = job()
    body["spec"]["template"]["metadata"] = {"labels": {"app": "a"}}
    labels = created("batch/v1", "Job", body)["metadata"]["labels"]
    assert labels["app"] == "a"
    assert labels["batch.kubernetes.io/controller-uid"] == "u-1"


def test_a_label_that_is_generated_cannot_be_given_otherwise() -> None:
    body = job()
    body["spec"]["template"]["metadata"] = {"labels": {"job-name": "other"}}
    assert problems("batch/v1", "Job", body) == [
        ("spec.template.metadata.labels[job-name]", "FieldValueInvalid"),
    ]


@pytest.mark.parametrize(
    ("status", "before", "wrong"),
    [
        ({"succeeded": 1}, {"succeeded": 2}, [("succeeded", "Invalid")]),
        ({"ready": 2, "active": 1}, {}, [("ready", "Invalid")]),
        ({"completionTime": "2026-01-01T00:00:00Z"}, {}, [("completionTime", "Invalid")]),
        ({"completedIndexes": "0"}, {}, [("completedIndexes", "Invalid")]),
        ({}, {"startTime": "2026-01-01T00:00:00Z"}, [("startTime", "Required")]),
        (
            {"startTime": "2026-01-02T00:00:00Z"},
            {"startTime": "2026-01-01T00:00:00Z"},
            [("startTime", "Required")],
        ),
        (
            {"startTime": "2026-01-02T00:00:00Z", "conditions": [{"type": "Suspended", "status": "False"}]},
            {"startTime": "2026-01-01T00:00:00Z", "conditions": [{"type": "Suspended", "status": "True"}]},
            [],
        ),
        (
            {"conditions": [{"type": "Failed", "status": "True"}]},
            {},
            [("conditions", "Invalid"), ("startTime", "Required")],
        ),
        (
            {"conditions": [{"type": "Complete", "status": "True"}], "startTime": "2026-01-01T00:00:00Z"},
            {"startTime": "2026-01-01T00:00:00Z"},
            [("completionTime", "Required"), ("conditions", "Invalid")],
        ),
        ({}, {"conditions": [{"type": "FailureTarget", "status": "True"}]}, [("conditions", "Invalid")]),
    ],
)
def test_steps_that_a_status_may_not_take(status: Object, before: Object, wrong: list[tuple[str, str]]) -> None:
    old, new = stored(), stored()
    old["status"], new["status"] = before, status
    causes = strategy("batch/v1", "Job").validate_status_update(new, old, World())
    assert fields_and_reasons(causes) == sorted((f"status.{field}", f"FieldValue{reason}") for field, reason in wrong)


def test_a_suspended_job_may_be_placed_elsewhere_until_it_starts() -> None:
    rules = strategy("batch/v1", "Job")
    old = stored(suspend=True)
    new = copy.deepcopy(old)
    new["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "ssd"}
    assert rules.validate_update(new, old, World()) == []
    old["status"] = {"startTime": "2026-01-01T00:00:00Z"}
    found = fields_and_reasons(rules.validate_update(new, old, World()))
    assert found == [("spec.template", "FieldValueInvalid")]


def test_completions_of_an_indexed_job_follow_its_parallelism() -> None:
    rules = strategy("batch/v1", "Job")
    old = stored(**INDEXED)
    new = copy.deepcopy(old)
    new["spec"]["completions"] = 4
    assert fields_and_reasons(rules.validate_update(new, old, World())) == [("spec.completions", "FieldValueInvalid")]
    new["spec"]["parallelism"] = 4
    assert rules.validate_update(new, old, World()) == []


def test_indexes_are_read_as_intervals() -> None:
    assert parse_indexes("0,2-4", 5) == [(0, 0), (2, 4)]
    assert parse_indexes("", 5) == []


@pytest.mark.parametrize("text", ["a", "1-2-3", "3-2", "5", "1,1", "2-"])
def test_indexes_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError):
        parse_indexes(text, 5)
