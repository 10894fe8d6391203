"""``operator_sdk.util.k8s_event``: an event about an object."""

from __future__ import annotations

from typing import Any

from kubewright.ansible.action import APIAction
from kubewright.ansible.play_api import PlayAPI
from kubewright.ansible.play_modules import k8s_event

_OBJECT = {
    "apiVersion": {"required": True},
    "kind": {"required": True},
    "name": {"required": True},
    "namespace": {},
    "uid": {},
}


class ActionModule(APIAction):
    arguments = {
        "state": {"default": "present", "choices": ["present", "absent"]},
        "name": {},
        "namespace": {},
        "message": {"required": True},
        "reason": {"required": True},
        "type": {"default": "Normal", "choices": ["Normal", "Warning"]},
        "action": {},
        "appName": {},
        "reportingController": {},
        "involvedObject": {"type": "dict", "required": True, "options": _OBJECT},
    }

    def carry_out(self, args: dict[str, Any], api: PlayAPI, variables: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = k8s_event(args, api)
        return result
