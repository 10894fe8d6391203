"""``operator_sdk.util.osdk_metric``: a metric of the operator, as the play wants it."""

from __future__ import annotations

from typing import Any

from kubewright.ansible.action import APIAction
from kubewright.ansible.play_api import PlayAPI
from kubewright.ansible.play_modules import osdk_metric

_NUMBER, _SWITCH = {"type": "float"}, {"type": "bool"}
_OBSERVING = {"type": "dict", "options": {"observe": _NUMBER}}


class ActionModule(APIAction):
    arguments = {
        "name": {"required": True},
        "description": {"required": True},
        "counter": {"type": "dict", "options": {"increment": _SWITCH, "add": _NUMBER}},
        "gauge": {
            "type": "dict",
            "options": {
                "set": _NUMBER,
                "add": _NUMBER,
                "subtract": _NUMBER,
                "increment": _SWITCH,
                "decrement": _SWITCH,
                "set_to_current_time": _SWITCH,
            },
        },
        "histogram": _OBSERVING,
        "summary": _OBSERVING,
    }

    def carry_out(self, args: dict[str, Any], api: PlayAPI, variables: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = osdk_metric({name: args.get(name) for name in self.arguments}, api)
        return result
