"""Tells of requests for which an operator declares no permission: embedded clusters allow all, others refuse them.

An operator's requests come in and go on unchanged; each sort that its declarations do not cover is logged once, with
the object whose reconcile made it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final
from urllib.parse import parse_qs

from kubewright.apiserver.http.paths import request_info
from kubewright.apiserver.request import RequestInfo
from kubewright.client import Transport
from kubewright.manager import Need
from kubewright.transport import Response, Stream

logger = logging.getLogger("kubewright.operator")

_NOT_ASKED: Final = frozenset(
    {"admissionregistration.k8s.io", "apiextensions.k8s.io", "authentication.k8s.io", "authorization.k8s.io"}
)
"""How an operator beside a cluster makes itself known, and asks what it may do; a deployed one does without."""


class UndeclaredRequests:
    """A transport that tells of them.

    :param needs: what the operator declares, and what it needs for itself.
    """

    def __init__(self, inner: Transport, needs: Iterable[Need]) -> None:
        self._inner = inner
        self._needs = list(needs)
        self._known: set[tuple[str, str, str]] = set()

    @property
    def host(self) -> str:
        return self._inner.host

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> Response:
        self._look_at(method, path)
        return await self._inner.request(method, path, headers=headers, body=body, timeout=timeout)

    def stream(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        idle_timeout: float | None = None,
    ) -> AbstractAsyncContextManager[Stream]:
        self._look_at(method, path)
        return self._inner.stream(method, path, headers=headers, idle_timeout=idle_timeout)

    async def close(self) -> None:
        await self._inner.close()

    def _look_at(self, method: str, path: str) -> None:
        route, _, query = path.partition("?")
        asked = request_info(method, route, parse_qs(query))
        if not asked.is_resource or asked.group in _NOT_ASKED:
            return
        resource = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
        sort = (asked.verb, asked.group, resource)
        if sort in self._known or any(_allows(need, asked, resource) for need in self._needs):
            return
        self._known.add(sort)
        subresource = f', subresource="{asked.subresource}"' if asked.subresource else ""
        logger.warning(
            "no permission to %s %s is declared: a cluster will refuse it; own or watch the kind, or write "
            'op.requires(KIND, "%s"%s)',
            asked.verb,
            f"{resource}.{asked.group}" if asked.group else resource,
            asked.verb,
            subresource,
        )


def _allows(need: Need, asked: RequestInfo, resource: str) -> bool:
    return (
        (need.group, need.resource) == (asked.group, resource)
        and (asked.verb in need.verbs or "*" in need.verbs)
        and need.name in ("", asked.name)
    )
