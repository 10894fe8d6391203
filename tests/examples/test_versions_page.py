"""The code in docs/versions-and-conversion.md runs, and its test passes."""

from __future__ import annotations

from pathlib import Path

from tests.examples.loading import load_page


def test_the_page_on_versions(tmp_path: Path) -> None:
    page = load_page("versions-and-conversion", tmp_path)
    page.test_nothing_is_lost()
    (definition,) = page.op.crds(page.op.service)
    assert [version.name for version in definition.spec.versions if version.storage] == ["v1"]
