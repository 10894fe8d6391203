from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from tests.serving import api_server
from tests.virtual_time import run

from kubewright.client import AsgiTransport, Client, connect
from kubewright.manager import diagnosis
from kubewright.manager.diagnosis import Denied, Diagnosis, Need, NotReady, Problem, diagnose
from kubewright.manager.endpoints import Endpoints
from kubewright.objects import GroupVersionKind
from kubewright.objects.apps_v1 import Deployment
from kubewright.transport import Receive, Scope, Send

WEBSITE = GroupVersionKind("web.example.com", "v1", "Website")
KUBECONFIG = """
current-context: here
contexts: [{{name: here, context: {{cluster: here, user: me}}}}]
clusters: [{{name: here, cluster: {{server: "https://{address}", insecure-skip-tls-verify: true}}}}]
users: [{{name: me, user: {{token: none}}}}]
"""
NEEDS = [
    Need("web.example.com", "websites", ("get", "list", "watch"), "watching Website"),
    Need("", "configmaps", ("create",), "children of Website"),
]


async def test_nothing_is_missing() -> None:
    async with api_server() as server:
        assert not await diagnose(server.client(), [Deployment.gvk], NEEDS)


async def test_a_kind_that_is_not_served_is_named_with_what_to_do() -> None:
    async with api_server() as server:
        diagnosis = await diagnose(server.client(), [WEBSITE, Deployment.gvk], [])
        assert diagnosis.problems == (
            Problem(
                "kind Website (web.example.com/v1)",
                "watching it",
                "install its CustomResourceDefinition (kubewright run --install does)",
            ),
        )


async def test_a_stranger_is_told_so() -> None:
    async with api_server() as server:
        stranger = Client(AsgiTransport(server.server.app, headers={"authorization": "Bearer nobody"}))
        (problem,) = (await diagnose(stranger, [], NEEDS)).problems
        assert problem.what.startswith("not authenticated")
        assert "credentials" in problem.remedy


def test_a_server_that_is_down_is_named_within_ten_seconds() -> None:
    async def down(scope: Scope, receive: Receive, send: Send) -> None: ...

    async def main() -> tuple[Problem, ...]:
        async with asyncio.timeout(10):
            return (await diagnose(Client(AsgiTransport(down)), [WEBSITE], NEEDS)).problems

    (problem,) = run(main)
    assert "no answer" in problem.what and problem.why == "everything"


async def test_a_server_that_takes_connections_and_never_answers_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        (tmp_path / "kubeconfig").write_text(KUBECONFIG.format(address=address))
        async with connect(tmp_path / "kubeconfig") as client:
            (problem,) = (await diagnose(client, [WEBSITE], NEEDS)).problems
    assert problem.what.startswith(f"no answer from {address} within")


async def test_something_that_is_no_api_server_is_a_problem_too() -> None:
    assert await diagnose(Client(AsgiTransport(Endpoints({}))), [], [])


def test_what_is_denied_becomes_a_table_and_the_rules_that_grant_it() -> None:
    diagnosis = Diagnosis(
        problems=(Problem("kind Website", "watching it", "install it"),),
        denied=(Denied(NEEDS[0], ("list", "watch")), Denied(NEEDS[1]._replace(namespace="shop"), ("create",))),
    )
    assert str(NotReady(diagnosis)) == (
        "MISSING                               NEEDED FOR           REMEDY\n"
        "kind Website                          watching it          install it\n"
        "list, watch websites.web.example.com  watching Website     grant the RBAC rule below\n"
        "create configmaps in shop             children of Website  grant the RBAC rule below\n"
        "\n"
        "rules:\n"
        '- apiGroups: ["web.example.com"]\n'
        "  resources: [websites]\n"
        "  verbs: [list, watch]\n"
        '- apiGroups: [""]\n'
        "  resources: [configmaps]\n"
        "  verbs: [create]\n"
    )


def test_what_is_needed_of_one_object_is_asked_for_no_other() -> None:
    need = Need("", "secrets", ("get",), "reading the licence", "shop", name="licence")
    diagnosis = Diagnosis(denied=(Denied(need, ("get",)), Denied(NEEDS[1]._replace(verbs=("get",)), ("get",))))
    assert "get secrets licence in shop" in diagnosis.table()
    assert diagnosis.rules() == (
        '- apiGroups: [""]\n  resources: [secrets]\n  verbs: [get]\n  resourceNames: [licence]\n'
        '- apiGroups: [""]\n  resources: [configmaps]\n  verbs: [get]\n'
    )


def test_an_operator_confined_to_namespaces_needs_roles_there_and_nothing_more() -> None:
    need = NEEDS[0]
    assert need.within(None) == [need]
    assert [one.namespace for one in need.within(["a", "b"])] == ["a", "b"]
    lease, cluster_wide = need._replace(namespace="own"), need._replace(namespaced=False)
    assert (lease.within(["a"]), cluster_wide.within(["a"])) == ([lease], [cluster_wide])
