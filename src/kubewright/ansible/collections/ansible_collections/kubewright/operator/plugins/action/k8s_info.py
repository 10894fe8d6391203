"""``kubewright.operator.k8s_info``: objects as they are."""

from __future__ import annotations

from typing import Any

from kubewright.ansible.action import WAITING, APIAction
from kubewright.ansible.play_api import PlayAPI
from kubewright.ansible.play_modules import k8s_info


class ActionModule(APIAction):
    arguments = {
        "api_version": {"default": "v1", "aliases": ["api", "version"]},
        "kind": {"required": True},
        "name": {},
        "namespace": {},
        "label_selectors": {"type": "list", "elements": "str"},
        "field_selectors": {"type": "list", "elements": "str"},
        **WAITING,
    }

    def carry_out(self, args: dict[str, Any], api: PlayAPI, variables: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = k8s_info(args, api)
        return result
