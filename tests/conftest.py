"""What the whole suite shares: the etcd of the session, and ``--etcd``, which puts every in-memory server on it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import hypothesis
import pytest
from tests.etcd import running_etcd

from kubewright.apiserver import server
from kubewright.apiserver.storage.etcd import EtcdStorage

# How long one example takes says how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile("kubewright", deadline=None)
hypothesis.settings.load_profile("kubewright")

_LONG = (
    "tests/examples/test_database.py",
    "tests/testing/test_convergence.py",
    "tests/project",
    "tests/helm",
    "tests/ansible",
    "tests/docs",
    "tests/cli",
    "tests/clients",
    "tests/operator/test_faults.py",
)
"""Where tests take tens of seconds: they come first, so that no worker is left alone with one in the end."""

_prefixes = (f"/test-{number}" for number in itertools.count())


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--etcd", action="store_true", help="keep what servers would keep in memory in an etcd instead")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


@pytest.fixture(scope="session")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an etcd of our own."""
    with running_etcd(tmp_path_factory.mktemp("etcd")) as url:
        yield url


@pytest.fixture
def etcd_prefix() -> str:
    """What keys start with, so that tests share an etcd."""
    return next(_prefixes)


@pytest.fixture(scope="session", autouse=True)
def _servers_on_etcd(request: pytest.FixtureRequest) -> Iterator[None]:
    """With ``--etcd``: a server that is given no store gets one there."""
    if not request.config.getoption("--etcd"):
        yield
        return
    url: str = request.getfixturevalue("etcd")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "SqliteStorage", lambda: EtcdStorage([url], prefix=next(_prefixes)))
        yield
