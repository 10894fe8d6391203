from __future__ import annotations

import pytest

from kubewright.project.settings import ProjectError
from kubewright.project.watches import with_watch

WRITTEN = """# ours
- {group: web.example.com, version: v1, kind: Site, role: site}
"""


def test_an_entry_is_added_below_what_is_written() -> None:
    added = with_watch(WRITTEN, "web.example.com", "v1", "Page", {"chart": "helm-charts/page"})
    assert added == (WRITTEN + "- group: web.example.com\n  version: v1\n  kind: Page\n  chart: helm-charts/page\n")


def test_a_kind_has_one_entry() -> None:
    with pytest.raises(ProjectError, match="Site already"):
        with_watch(WRITTEN, "web.example.com", "v2", "Site", {"role": "site"})
    assert with_watch(WRITTEN, "other.example.com", "v1", "Site", {"role": "site"})
