"""What the tests of several commands use."""

from __future__ import annotations

from pathlib import Path

import pytest

OPERATOR = '''\
from __future__ import annotations

from typing import Annotated

from kubewright.controller import Context
from kubewright.objects.apps_v1 import Deployment
from kubewright.operator import Operator
from kubewright.schema import Meta, Resource, Spec, Status

op = Operator("sites")


class SiteSpec(Spec):
    """What to serve."""

    replicas: Annotated[int, Meta(ge=0)] = 1


class SiteStatus(Status):
    ready: bool = False


@op.resource(group="web.example.com", version="v1")
class Site(Resource[SiteSpec, SiteStatus]):
    """A site."""


@op.validate(Site)
def few(new: Site, old: Site | None) -> None: ...


@op.reconcile(Site, owns=[Deployment])
async def reconcile(site: Site, ctx: Context) -> None: ...
'''


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an ``operator.py``, which is the working directory."""
    (tmp_path / "operator.py").write_text(OPERATOR)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path
