"""The API server as the modules of a play reach it: blocking requests through the operator's proxy.

It runs in the task's own process, a fork of the warm one: no interpreter is started and no client library is loaded, so
a task costs what its requests cost.
"""

from __future__ import annotations

import http.client
import os
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from kubewright.ansible.proxy_paths import KINDS, METRICS

SERVER = "KUBEWRIGHT_PROXY"
TOKEN = "KUBEWRIGHT_PROXY_TOKEN"

_JSON = "application/json"


class Refused(Exception):
    """The API server's answer to a request that it did not carry out."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body.get("message") or f"the server answered {status}")
        self.status = status
        self.body = body


class Served(NamedTuple):
    """Where a kind is served."""

    root: str
    resource: str
    namespaced: bool

    def path(self, namespace: str = "", name: str = "") -> str:
        inside = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace else ""
        return f"{self.root}{inside}/{self.resource}" + (f"/{quote(name, safe='')}" if name else "")


class PlayAPI:
    """A connection for one task.

    :raises OSError: from every method: the proxy can't be reached.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        try:
            server, token = environment[SERVER], environment[TOKEN]
        except KeyError:
            raise Refused(
                0, {"message": "this module works in plays that kubewright runs; elsewhere use kubernetes.core"}
            ) from None
        self._connection = http.client.HTTPConnection(urlsplit(server).netloc)
        self._headers = {"Authorization": f"Bearer {token}", "Accept": _JSON, "User-Agent": "kubewright-ansible"}

    def close(self) -> None:
        self._connection.close()

    def served(self, api_version: str, kind: str) -> Served:
        """Where a kind is served.

        :raises Refused: it isn't.
        """
        answer = self.request("GET", f"{KINDS}?{urlencode({'apiVersion': api_version, 'kind': kind})}")
        return Served(answer["root"], answer["resource"], answer["namespaced"])

    def find(self, path: str) -> dict[str, Any] | None:
        """The object at a path, if there is one.

        :raises Refused: the server does not say.
        """
        try:
            return self.request("GET", path)
        except Refused as refusal:
            if refusal.status == 404:
                return None
            raise

    def count(self, metric: Mapping[str, Any]) -> None:
        """Change a metric of the operator.

        :raises Refused: that makes no sense.
        """
        self.request("POST", METRICS, metric)

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content_type: str = _JSON,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The answer to a request.

        :raises Refused: the server refused it.
        """
        headers = self._headers if body is None else {**self._headers, "Content-Type": content_type}
        target = f"{path}?{urlencode(query)}" if query else path
        self._connection.request(method, target, msgspec.json.encode(body) if body is not None else None, headers)
        response = self._connection.getresponse()
        content = response.read()
        try:
            answer = msgspec.json.decode(content)
        except msgspec.DecodeError:
            answer = {"message": content.decode(errors="replace")}
        if response.status >= 400:
            raise Refused(response.status, answer if isinstance(answer, dict) else {})
        return answer if isinstance(answer, dict) else {"value": answer}
