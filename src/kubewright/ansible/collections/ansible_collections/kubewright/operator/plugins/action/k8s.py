"""``kubewright.operator.k8s``: objects as described, by a definition, a file or a template."""

from __future__ import annotations

import os
from typing import Any

import yaml
from ansible.template import trust_as_template

from kubewright.ansible.action import WAITING, APIAction, plain
from kubewright.ansible.play_api import PlayAPI
from kubewright.ansible.play_modules import k8s


class ActionModule(APIAction):
    TRANSFERS_FILES = False
    arguments = {
        "state": {"default": "present", "choices": ["present", "absent", "patched"]},
        "definition": {"type": "raw", "aliases": ["resource_definition", "inline"]},
        "src": {"type": "path"},
        "template": {"type": "raw"},
        "api_version": {"aliases": ["api", "version"]},
        "kind": {},
        "name": {},
        "generate_name": {},
        "namespace": {},
        "apply": {"type": "bool", "default": False},
        "server_side_apply": {
            "type": "dict",
            "options": {"field_manager": {}, "force_conflicts": {"type": "bool", "default": False}},
        },
        "force": {"type": "bool", "default": False},
        "merge_type": {"type": "list", "elements": "str", "choices": ["merge", "strategic-merge", "json"]},
        **WAITING,
        "continue_on_error": {"type": "bool", "default": False},
        "delete_options": {"type": "dict"},
        "validate": {"type": "dict"},
    }

    def carry_out(self, args: dict[str, Any], api: PlayAPI, variables: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in ("definition", "src", "template") if args.get(name)]
        if len(given) > 1:
            return {"failed": True, "msg": f"{' and '.join(given)} are two descriptions of one thing: choose one"}
        args["resource_definition"] = args.get("definition") or self._text(args, variables)
        owner = variables.get("ansible_operator_meta") or {}
        args["default_namespace"] = owner.get("namespace")
        result: dict[str, Any] = k8s(plain(args), api, check=self._task.check_mode)
        return result

    def _text(self, args: dict[str, Any], variables: dict[str, Any]) -> str | None:
        """What a file says, or templates: they are looked for in the role, as those of other modules are."""
        if args.get("src"):
            return self._contents(self._find_needle("files", args["src"]))
        wanted = args.get("template")
        if not wanted:
            return None
        paths = [
            one["path"] if isinstance(one, dict) else one for one in (wanted if isinstance(wanted, list) else [wanted])
        ]
        return "\n---\n".join(self._templated(self._find_needle("templates", path), variables) for path in paths)

    def _contents(self, path: str) -> str:
        text: str = self._loader.get_text_file_contents(path)
        return text

    def _templated(self, path: str, variables: dict[str, Any]) -> str:
        # Where includes are looked for: as the module "template" does it.
        places = [*variables.get("ansible_search_path", ()), self._loader.get_basedir(), os.path.dirname(path)]
        search = [inside for place in places for inside in (os.path.join(place, "templates"), place)]
        templar = self._templar.copy_with_new_env(searchpath=search, available_variables=variables)
        text = templar.template(trust_as_template(self._contents(path)), escape_backslashes=False)
        return text if isinstance(text, str) else yaml.safe_dump(text)
