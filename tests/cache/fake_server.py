"""A small server for the tests of informers: it stores objects of any kind, lists, watches and takes writes.

It knows no rules of Kubernetes beyond what an informer relies on; `hold` delays what watches are shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from tests.client.scripted import Reply, Request, ScriptedServer, event, status

from kubewright.objects.names import ObjectKey


class FakeServer(ScriptedServer):
    def __init__(self, *objects: dict[str, Any]) -> None:
        super().__init__(self._answer)
        self.objects = {_key(obj): obj for obj in objects}
        self.version = max((int(obj["metadata"]["resourceVersion"]) for obj in objects), default=0)
        self.watchers = 0
        self._history: list[tuple[int, str, dict[str, Any]]] = []
        self._shown = asyncio.Event()
        self._held = False

    def put(self, obj: dict[str, Any]) -> None:
        known = _key(obj) in self.objects
        self.objects[_key(obj)] = obj
        self._happened("MODIFIED" if known else "ADDED", obj)

    def delete(self, key: ObjectKey, version: int) -> None:
        obj = self.objects.pop(key)
        self._happened("DELETED", {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(version)}})

    def hold(self) -> None:
        """Show watches nothing until `release`."""
        self._held = True

    def release(self) -> None:
        self._held = False
        self._shown.set()

    def _happened(self, kind: str, obj: dict[str, Any]) -> None:
        self.version = int(obj["metadata"]["resourceVersion"])
        self._history.append((self.version, kind, obj))
        self._shown.set()

    def _answer(self, request: Request) -> Reply:
        parts = request.path.split("/")[3:]
        namespace = parts[1] if parts[0] == "namespaces" and len(parts) > 2 else None
        name = parts[3] if namespace and len(parts) > 3 else None
        match request.method:
            case "GET" if "sendInitialEvents" in request.query:
                return status(422, "Invalid")
            case "GET" if "watch" in request.query:
                return Reply(self._watch(int(request.query["resourceVersion"]), namespace))
            case "GET":
                items = [obj for key, obj in self.objects.items() if namespace in (None, key.namespace)]
                return Reply({"metadata": {"resourceVersion": str(self.version)}, "items": items})
            case "DELETE" if name:
                key = ObjectKey(namespace or "", name)
                uid = self.objects[key]["metadata"]["uid"]
                self.delete(key, self.version + 1)
                return Reply({"kind": "Status", "status": "Success", "details": {"uid": uid}})
        return Reply(self._write(msgspec.json.decode(request.body), namespace or "", name))

    def _write(self, change: dict[str, Any], namespace: str, name: str | None) -> dict[str, Any]:
        old = self.objects.get(ObjectKey(namespace, name)) if name else None
        base = old or {"metadata": {"uid": f"uid-{self.version}", "namespace": namespace}}
        metadata = {**base["metadata"], **change.get("metadata", {}), "resourceVersion": str(self.version + 1)}
        written = {**base, **change, "metadata": metadata}
        self.put(written)
        return written

    async def _watch(self, after: int, namespace: str | None) -> AsyncIterator[bytes]:
        self.watchers += 1
        try:
            position = 0
            while True:
                if not self._held:
                    while position < len(self._history):
                        version, kind, obj = self._history[position]
                        position += 1
                        if version > after and namespace in (None, obj["metadata"]["namespace"]):
                            yield event(kind, obj)
                self._shown.clear()
                await self._shown.wait()
        finally:
            self.watchers -= 1


def _key(obj: dict[str, Any]) -> ObjectKey:
    return ObjectKey(obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
