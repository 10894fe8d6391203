"""What a project declares about its operator."""

from __future__ import annotations

from pathlib import Path

from kubewright.testing.capabilities import Declared, read_declared


def test_a_project_declares_backups_and_alerts_in_files(tmp_path: Path) -> None:
    assert read_declared(tmp_path) == Declared()
    for path, text in {
        "config/scorecard/backup.yaml": "kind: Backup",
        "config/scorecard/restore.yaml": "kind: Restore\n---\nkind: Other",
        "config/prometheus/alerts.yaml": "groups: []",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = read_declared(tmp_path)
    assert [one["kind"] for one in (*found.backup, *found.restore)] == ["Backup", "Restore", "Other"]
    assert found.alerts == [{"groups": []}]
