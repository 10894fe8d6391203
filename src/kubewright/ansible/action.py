"""What the collection's action plugins have in common: arguments are checked, a result or a failure comes back."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from ansible.plugins.action import ActionBase

from kubewright.ansible.play_api import PlayAPI, Refused
from kubewright.ansible.play_modules import ModuleFailed

CONNECTION = ("kubeconfig", "context", "host", "api_key", "username", "password", "validate_certs", "ca_cert", "proxy")
"""Where the API server is, for other modules: here it is always the operator's, so these are taken and not used."""

WAITING: Mapping[str, Any] = {
    "wait": {"type": "bool", "default": False},
    "wait_sleep": {"type": "int", "default": 5},
    "wait_timeout": {"type": "int", "default": 120},
    "wait_condition": {"type": "dict", "options": {"type": {}, "status": {"type": "raw"}, "reason": {}}},
}


class APIAction(ActionBase):  # type: ignore[misc]
    """An action that talks to the API server."""

    arguments: Mapping[str, Any] = {}

    @abstractmethod
    def carry_out(self, args: dict[str, Any], api: PlayAPI, variables: dict[str, Any]) -> dict[str, Any]:
        """Do what the task asks for, and tell its result."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        connection = {name: {"type": "raw"} for name in CONNECTION}
        _, args = self.validate_argument_spec(argument_spec={**connection, **self.arguments})
        return guarded(lambda api: self.carry_out(plain(args), api, task_vars or {}))


def plain(value: Any) -> Any:
    """The same value in Python's own types: Ansible's texts, lists and dictionaries are of classes of its own."""
    return json.loads(json.dumps(value, default=str))


def guarded(call: Callable[[PlayAPI], dict[str, Any]]) -> dict[str, Any]:
    """The result of a call, or that it has failed."""
    try:
        api = PlayAPI()
        try:
            return call(api)
        finally:
            api.close()
    except Refused as refusal:
        body = {"error": refusal.status, "status": refusal.status, "reason": refusal.body.get("reason", "")}
        return {"failed": True, "changed": False, "msg": str(refusal), **body}
    except ModuleFailed as failure:
        return {"failed": True, "changed": False, "msg": str(failure)}
    except OSError as error:
        return {"failed": True, "changed": False, "msg": f"the operator's proxy can't be reached: {error}"}
