"""``operator_sdk.util.requeue_after``: when the object is to be reconciled again."""

from __future__ import annotations

from typing import Any

from kubewright.ansible.action import APIAction
from kubewright.ansible.play_api import PlayAPI
from kubewright.ansible.play_modules import requeue_after


class ActionModule(APIAction):
    arguments = {"time": {"required": True}}

    def carry_out(self, args: dict[str, Any], api: PlayAPI, variables: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = requeue_after(args)
        return result
