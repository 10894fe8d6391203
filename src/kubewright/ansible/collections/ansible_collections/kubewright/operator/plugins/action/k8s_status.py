"""``operator_sdk.util.k8s_status``: something of an object's status."""

from __future__ import annotations

from typing import Any

from kubewright.ansible.action import APIAction
from kubewright.ansible.play_api import PlayAPI
from kubewright.ansible.play_modules import k8s_status

_CONDITION = {
    "type": {"required": True},
    "status": {"type": "raw"},
    "reason": {},
    "message": {},
    "lastHeartbeatTime": {},
    "lastTransitionTime": {},
    "observedGeneration": {"type": "int"},
}


class ActionModule(APIAction):
    arguments = {
        "api_version": {"required": True, "aliases": ["api", "version"]},
        "kind": {"required": True},
        "name": {"required": True},
        "namespace": {},
        "status": {"type": "dict"},
        "conditions": {"type": "list", "elements": "dict", "options": _CONDITION},
        "force": {"type": "bool", "default": False},
    }

    def carry_out(self, args: dict[str, Any], api: PlayAPI, variables: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = k8s_status(args, api)
        return result
