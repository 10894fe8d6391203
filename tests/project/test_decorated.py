from __future__ import annotations

import libcst as cst
import pytest

from kubewright.project.decorated import declaration, decorators

MODULE = cst.parse_module("""
@op.resource(group="web.example.com", version="v1")
class Site: ...

@op.validate(Site)
@other
def check(new, old): ...

@op.reconcile(Site, owns=[ConfigMap])
async def reconcile(site, ctx): ...

@op.finalize()
async def nothing(site, ctx): ...
""")


@pytest.mark.parametrize(
    ("purpose", "kind", "found"),
    [
        ("resource", "", 1),
        ("validate", "Site", 1),
        ("reconcile", "Site", 1),
        ("reconcile", "Page", 0),
        ("finalize", "Site", 0),
        ("default", "Site", 0),
    ],
)
def test_a_declaration_is_known_by_its_purpose_and_kind(purpose: str, kind: str, found: int) -> None:
    assert sum(declaration(one, purpose, kind) is not None for one in decorators(MODULE)) == found
