import pytest

from kubewright.helm.annotations import PREFIX, Wishes


def wishes(**annotations: str) -> Wishes:
    return Wishes({PREFIX + name.replace("_", "-"): text for name, text in annotations.items()})


def test_without_annotations_the_defaults_are_those_of_operator_sdk() -> None:
    plain = wishes()
    assert (plain.upgrade_force, plain.rollback_force, plain.uninstall_wait, plain.dry_run) == (
        False,
        True,
        False,
        False,
    )
    assert plain.reconcile_period(60) == 60
    assert plain.description("install", "Install complete") == "Install complete"
    assert not plain.disables_hooks("upgrade")


@pytest.mark.parametrize(
    ("text", "force"), [("true", True), ("1", True), ("T", True), ("false", False), ("invalid", False), ("", False)]
)
def test_a_flag_is_read_as_go_reads_it_and_else_counts_as_absent(text: str, force: bool) -> None:
    assert wishes(upgrade_force=text).upgrade_force is force


def test_a_flag_that_is_on_by_default_stays_on_unless_it_is_switched_off() -> None:
    assert wishes(rollback_force="invalid").rollback_force
    assert not wishes(rollback_force="false").rollback_force


@pytest.mark.parametrize(("text", "seconds"), [("2m", 120), ("1h30m", 5400), ("soon", 60), ("", 60)])
def test_a_period_overrides_the_watch(text: str, seconds: float) -> None:
    assert wishes(reconcile_period=text).reconcile_period(60) == seconds


def test_each_action_has_its_own_hooks_and_description() -> None:
    asked = wishes(install_disable_hooks="true", uninstall_description="goodbye")
    assert (asked.disables_hooks("install"), asked.disables_hooks("uninstall")) == (True, False)
    assert (asked.description("install", "-"), asked.description("uninstall", "-")) == ("-", "goodbye")


def test_a_pause_has_an_annotation_of_anyone_s_choice() -> None:
    assert Wishes({"example.com/stop": "true"}).is_paused("example.com/stop")
    assert not Wishes({"example.com/stop": "no"}).is_paused("example.com/stop")
