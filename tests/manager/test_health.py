from __future__ import annotations

import pytest

from kubewright.manager.health import HealthChecks


def checks() -> HealthChecks:
    checks = HealthChecks("readyz")
    checks.add("cache", lambda: "Website has not synced")
    return checks


async def test_all_is_well() -> None:
    healthz = HealthChecks("healthz")
    assert await healthz.answer("") == (200, "ok")
    assert await healthz.answer("", verbose=True) == (200, "[+]ping ok\nhealthz check passed\n")


async def test_a_failing_check_is_named_but_not_explained() -> None:
    assert await checks().answer("") == (500, "[+]ping ok\n[-]cache failed: reason withheld\nreadyz check failed\n")


async def test_checks_can_be_excluded() -> None:
    status, text = await checks().answer("", exclude=frozenset({"cache", "unknown"}), verbose=True)
    assert status == 200
    assert "[+]cache excluded: ok" in text
    assert "no checks can be excluded by 'unknown'" in text


async def test_each_check_answers_for_itself() -> None:
    assert await checks().answer("ping") == (200, "ok")
    assert (await checks().answer("cache")).status == 500
    assert (await checks().answer("other")).status == 404


async def test_a_check_may_have_to_wait() -> None:
    async def asleep() -> str | None:
        return "asleep"

    subject = HealthChecks("healthz")
    subject.add("sleeper", asleep)
    assert (await subject.answer("sleeper")).status == 500


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match="named cache already"):
        checks().add("cache", lambda: None)
