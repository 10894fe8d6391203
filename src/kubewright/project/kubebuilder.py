"""kubebuilder's external-plugin protocol: a request in JSON comes in, files and messages go out.

With it ``kubebuilder init --plugins python/v1`` makes the same project as ``kubewright init``.  The protocol is that
of kubebuilder's documentation on external plugins, version v1alpha1: ``universe`` maps paths to texts.  The request's
holds the whole folder, with what is no text spoilt by JSON.  All that the answer's holds is written by kubebuilder, so
there are changes alone in it.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from kubewright.project.create import Api, new_api
from kubewright.project.extend import Purpose, new_webhooks
from kubewright.project.scaffold import REVISION, Files, project_files
from kubewright.project.settings import Project, ProjectError, check_domain, check_name, find_python_project

Raw = dict[str, Any]


class _Arguments(argparse.ArgumentParser):
    """Reports a wrong argument in the answer instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise ProjectError(message)


def respond(request: Mapping[str, Any], folder: Path) -> Raw:
    """Answer one request about the project in ``folder``; what is wrong is said in the answer, as the protocol asks."""
    command = str(request.get("command", ""))
    answer: Raw = {
        "apiVersion": request.get("apiVersion", "v1alpha1"),
        "command": command,
        "universe": {},
        "error": False,
    }
    arguments = [str(one) for one in request.get("args") or ()]
    try:
        if command == "flags":
            answer["flags"] = _FLAGS.get(_subcommand(arguments), [])
        elif command == "metadata":
            answer["metadata"] = _METADATA.get(_subcommand(arguments), {"description": "", "examples": ""})
        elif command in _COMMANDS:
            answer["universe"] = _COMMANDS[command](arguments, folder)
        elif command == "delete api":
            raise ProjectError("a plug-in of kubebuilder's cannot remove files: kubewright delete api --kind KIND")
        else:
            raise ProjectError(f"python/v1 has no command {command!r}; it has {', '.join(_COMMANDS)}")
    except ProjectError as error:
        answer |= {"error": True, "errorMsgs": [str(error)]}
    return answer


def _subcommand(arguments: Sequence[str]) -> str:
    """``flags`` and ``metadata`` are asked for a subcommand: ``--init``, ``--edit``, ``--api``, ``--webhook``."""
    return next((one.removeprefix("--") for one in arguments if one.removeprefix("--") in _FLAGS), "")


def _parsed(arguments: Sequence[str], subcommand: str) -> argparse.Namespace:
    parser = _Arguments(add_help=False, allow_abbrev=False, exit_on_error=False)
    for flag in _FLAGS[subcommand]:
        # As Go's flags are: a boolean one may stand alone, or with its value behind an equals sign.
        alone: dict[str, str] = {"nargs": "?", "const": "true"} if flag["type"] == "bool" else {}
        parser.add_argument(f"--{flag['name']}", default=flag["default"], **alone)  # type: ignore[arg-type]
    return parser.parse_known_args(arguments)[0]  # kubebuilder passes flags of its own, too


def _init(arguments: Sequence[str], folder: Path) -> Files:
    given = _parsed(arguments, "init")
    name = given.project_name or folder.resolve().name
    check_name(name)
    check_domain(given.domain)
    return project_files(
        Project(
            root=folder,
            name=name,
            version="0.1.0",
            domain=given.domain,
            operator=f"{name.replace('-', '_')}.operator:op",
            image=f"registry.{given.domain}/{name}",
            scaffold=REVISION,
            licence="apache2" if given.license == "apache2" else "none",
        )
    )


def _create_api(arguments: Sequence[str], folder: Path) -> Files:
    given = _parsed(arguments, "api")
    api = Api(given.group, given.version, given.kind, given.plural, namespaced=given.namespaced == "true")
    return new_api(find_python_project(folder), api)


def _create_webhook(arguments: Sequence[str], folder: Path) -> Files:
    given = _parsed(arguments, "webhook")
    purposes: list[Purpose] = []
    if given.defaulting == "true":
        purposes.append("default")
    if given.programmatic_validation == "true":
        purposes.append("validate")
    if not purposes:
        raise ProjectError("say --defaulting, --programmatic-validation or both")
    return new_webhooks(find_python_project(folder), given.kind, purposes)


def _edit(arguments: Sequence[str], folder: Path) -> Files:
    given = _parsed(arguments, "edit")
    if not given.namespaced:
        raise ProjectError("say --namespaced or --namespaced=false")
    text = (find_python_project(folder).root / "pyproject.toml").read_text(encoding="utf-8")
    kept = re.sub(r"(?m)^namespaced = (true|false)\n", "", text)
    line = "namespaced = true\n" if given.namespaced == "true" else ""
    return {"pyproject.toml": re.sub(r"(?m)^\[tool\.kubewright\]\n", lambda found: found[0] + line, kept)}


_COMMANDS: Mapping[str, Callable[[Sequence[str], Path], Files]] = {
    "init": _init,
    "edit": _edit,
    "create api": _create_api,
    "create webhook": _create_webhook,
}


def _flag(name: str, usage: str, *, default: str = "", type: str = "string") -> dict[str, str]:
    return {"name": name, "type": type, "default": default, "usage": usage}


_FLAGS: Mapping[str, list[dict[str, str]]] = {
    "init": [
        _flag("domain", "what API groups end in", default="my.domain"),
        _flag("project-name", "the operator's name; by default the folder's"),
        _flag("license", "apache2 or none", default="apache2"),
    ],
    "edit": [
        _flag("namespaced", "watch the operator's own namespace only", type="bool"),
    ],
    "api": [
        _flag("group", "the API group, without the domain"),
        _flag("version", "the version, such as v1"),
        _flag("kind", "the kind, in CamelCase"),
        _flag("plural", "the plural, where English rules do not give it"),
        _flag("namespaced", "whether objects have a namespace", default="true", type="bool"),
        _flag("resource", "types are always made", default="true", type="bool"),
        _flag("controller", "a reconcile function is always made", default="true", type="bool"),
    ],
    "webhook": [
        _flag("group", "the API group, without the domain"),
        _flag("version", "the version, such as v1"),
        _flag("kind", "the kind, in CamelCase"),
        _flag("defaulting", "a function that fills in fields", default="false", type="bool"),
        _flag("programmatic-validation", "a function that refuses objects", default="false", type="bool"),
    ],
}

_METADATA: Mapping[str, dict[str, str]] = {
    "init": {
        "description": "Make a Python operator with kubewright.",
        "examples": "kubebuilder init --plugins python/v1 --domain example.com --project-name shop",
    },
    "edit": {
        "description": "Change what the operator watches.",
        "examples": "kubebuilder edit --plugins python/v1 --namespaced",
    },
    "api": {
        "description": "Add a kind: a Python module with its types and its reconcile function, a test and a sample.",
        "examples": "kubebuilder create api --plugins python/v1 --group sales --version v1 --kind CoffeeOrder",
    },
    "webhook": {
        "description": "Add webhooks to a kind, as functions in its module.",
        "examples": "kubebuilder create webhook --plugins python/v1 --version v1 --kind CoffeeOrder --defaulting",
    },
}
