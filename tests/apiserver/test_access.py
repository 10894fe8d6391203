"""Authentication, impersonation, authorization and the audit log of a running server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from kubewright.apiserver.auth import AuditLog
from kubewright.apiserver.request import UserInfo
from kubewright.apiserver.server import ADMIN, ApiServer

TOKENS = {"admin": ADMIN, "jane": UserInfo("jane")}
MAPS = "/api/v1/namespaces/default/configmaps"
ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles"


async def ask(
    server: ApiServer, method: str, path: str, body: Any = None, *, token: str = "admin", **headers: str
) -> tuple[int, Any]:
    """Call the server's ASGI app; gives the status code and the decoded answer."""
    data = b"" if body is None else json.dumps(body).encode()
    path, _, query = path.partition("?")
    given = {"content_type": "application/json", **headers}
    given |= {"authorization": f"Bearer {token}"} if token else {}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
    }
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": data}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await server.app(scope, receive, send)
    answer = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(answer) if answer[:1] == b"{" else answer


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ApiServer]:
    server = ApiServer(tokens=TOKENS, audit=AuditLog(str(tmp_path / "audit.log")))
    await server.start()
    yield server
    await server.stop()


def role(verbs: str, resource: str) -> dict[str, Any]:
    rules = [{"verbs": verbs.split(), "apiGroups": [""], "resources": [resource]}]
    return {"metadata": {"name": "r"}, "rules": rules}


async def grant(server: ApiServer, verbs: str, resource: str) -> None:
    assert (await ask(server, "POST", ROLES, role(verbs, resource)))[0] == 201
    group = "rbac.authorization.k8s.io"
    binding = {
        "metadata": {"name": "b"},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "r"},
        "subjects": [{"kind": "User", "apiGroup": group, "name": "jane"}],
    }
    assert (await ask(server, "POST", ROLES.replace("roles", "rolebindings"), binding))[0] == 201


async def test_unknown_tokens_are_refused_and_strangers_see_little(server: ApiServer) -> None:
    assert (await ask(server, "GET", "/version", token="wrong"))[0] == 401
    assert (await ask(server, "GET", "/version", token=""))[0] == 200
    assert (await ask(server, "GET", MAPS, token=""))[0] == 403


async def test_a_role_counts_from_the_next_request_on(server: ApiServer) -> None:
    assert (await ask(server, "GET", MAPS, token="jane"))[0] == 403
    await grant(server, "list", "configmaps")
    assert (await ask(server, "GET", MAPS, token="jane"))[0] == 200
    assert (await ask(server, "GET", MAPS, impersonate_user="jane"))[0] == 200
    assert (await ask(server, "POST", MAPS, {"metadata": {"name": "a"}}, token="jane"))[0] == 403


async def test_applying_a_new_object_needs_the_right_to_create(server: ApiServer) -> None:
    await grant(server, "patch", "configmaps")
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    path = f"{MAPS}/a?fieldManager=m"
    code, answer = await ask(server, "PATCH", path, config, token="jane", content_type="application/apply-patch+yaml")
    assert code == 403
    assert 'cannot create resource "configmaps"' in answer["message"]


async def test_nobody_grants_more_than_he_has(server: ApiServer) -> None:
    await grant(server, "list", "configmaps")
    assert (await ask(server, "GET", ROLES, token="jane"))[0] == 403
    admin = {"metadata": {"name": "rm"}, "rules": [{"verbs": ["create"], "apiGroups": ["*"], "resources": ["roles"]}]}
    assert (await ask(server, "POST", ROLES, admin))[0] == 201
    group = "rbac.authorization.k8s.io"
    reference = {"apiGroup": group, "kind": "Role", "name": "rm"}
    subjects = [{"kind": "User", "apiGroup": group, "name": "jane"}]
    binding = {"metadata": {"name": "rm"}, "roleRef": reference, "subjects": subjects}
    assert (await ask(server, "POST", ROLES.replace("roles", "rolebindings"), binding))[0] == 201
    for verbs, code in (("list", 201), ("delete", 403)):
        wanted = {**role(verbs, "configmaps"), "metadata": {"name": verbs}}
        assert (await ask(server, "POST", ROLES, wanted, token="jane"))[0] == code


async def test_requests_are_written_down(server: ApiServer, tmp_path: Path) -> None:
    await ask(server, "GET", MAPS, impersonate_user="jane", user_agent="test/1")
    event = json.loads((tmp_path / "audit.log").read_text().splitlines()[-1])
    assert (event["verb"], event["requestURI"], event["responseStatus"]["code"]) == ("list", MAPS, 403)
    assert (event["user"]["username"], event["impersonatedUser"]["username"]) == (ADMIN.name, "jane")
    assert event["annotations"]["authorization.k8s.io/decision"] == "forbid"


async def test_clusters_are_made_for_those_with_credentials_only(server: ApiServer) -> None:
    path = f"/clusters/one{MAPS}"
    for token, code in (("", 401), ("wrong", 401), ("jane", 403), ("admin", 200), ("", 403)):
        assert (await ask(server, "GET", path, token=token))[0] == code
    assert (await ask(server, "GET", "/clusters/one/api", token="jane"))[0] == 200


async def test_everybody_may_where_nothing_is_authorized() -> None:
    server = ApiServer(authorize=False)
    await server.start()
    assert (await ask(server, "GET", MAPS, token=""))[0] == 200
    await server.stop()


async def test_refused_credentials_are_audited(server: ApiServer, tmp_path: Path) -> None:
    assert (await ask(server, "GET", MAPS, token="wrong"))[0] == 401
    event = json.loads((tmp_path / "audit.log").read_text().splitlines()[-1])
    assert (event["responseStatus"]["code"], event["user"], event["objectRef"]["resource"]) == (401, {}, "configmaps")


async def test_a_local_review_lies_in_the_namespace_of_its_url(server: ApiServer) -> None:
    path = "/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews"
    asked = {"verb": "get", "resource": "pods", "namespace": "default"}
    for metadata, code in (({}, 201), ({"namespace": "default"}, 201), ({"namespace": "other"}, 400)):
        body = {"metadata": metadata, "spec": {"user": "jane", "resourceAttributes": asked}}
        assert (await ask(server, "POST", path, body))[0] == code
