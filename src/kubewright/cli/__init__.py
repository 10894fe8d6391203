"""The ``kubewright`` command: one module a command, imported only when its command is run.

`COMMANDS` is all that the top level knows of them, so ``kubewright --help`` costs next to nothing.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword
from typing import Annotated, Final

import typer
from typer import Context
from typer.core import TyperGroup, TyperOption
from typer.main import get_command

from kubewright.version import __version__

GROUPS: Final = {
    "A project": {
        "init": "Make a project.",
        "import": "Make a project from existing CRDs, or from a kubebuilder project.",
        "create": "Add kinds, webhooks, versions and tests to the project.",
        "rename": "Give a kind of the project another name.",
        "delete": "Take a kind out of the project.",
        "check": "Tell what in the project is stale or has drifted.",
        "upgrade": "Bring the project to the installed version's scaffold.",
    },
    "Try it on this machine": {
        "demo": "Show an operator's life, end to end, on the embedded control plane.",
        "run": "Run an operator: against a cluster, or on the embedded control plane.",
        "rehearse": "Apply the project's samples on an embedded cluster and show what becomes of them.",
        "cluster": "Run a whole local cluster in the background.",
        "apiserver": "Run the embedded Kubernetes API server.",
    },
    "From code to manifests": {
        "generate": "Write what follows from an operator's code: CRDs, roles, webhooks, schemas, docs.",
        "validate": "Check manifests without a cluster.",
        "crd": "Compare and check CustomResourceDefinitions.",
        "rbac": "Compare roles with what an operator was seen to do.",
    },
    "Ship it": {
        "package": "Write kustomize, a Helm chart, an install file or an OLM bundle from the project.",
        "bundle": "Check an OLM bundle without a cluster.",
        "scorecard": "Check the bundle, and play the samples through on an embedded cluster.",
        "requirements": "Pin what the image installs, with hashes.",
        "sbom": "Write a software bill of materials of the operator's Python packages.",
        "build": "Build the operator's image.",
    },
    "On a cluster": {
        "install": "Install the project's CustomResourceDefinitions into a cluster.",
        "uninstall": "Remove the project's CustomResourceDefinitions from a cluster.",
        "deploy": "Deploy the project's operator to a cluster.",
        "undeploy": "Remove a deployed operator from a cluster.",
        "migrate": "Rewrite stored objects in the version that is stored now.",
    },
    "Besides": {
        "kubebuilder-plugin": "Speak kubebuilder's external-plugin protocol on stdin and stdout.",
        "completion": "Print the script with which a shell completes commands and options.",
    },
}
"""The commands in the order of the help; each is ``app``, or a function ``command``, in the module of its name here.

Of a name that Python cannot import, a hyphen is an underscore there, and a keyword ends in one."""

_EXTRAS: Final = {"kubernetes_validate": "local", "re2": "local", "jinja2": "project", "libcst": "project"}
"""The modules that production images do without, and the extra that brings each."""

COMMANDS: Final = {name: text for group in GROUPS.values() for name, text in group.items()}

_HELP: Final = """Build, run, test, ship and trust Kubernetes operators in Python.

Begin with: kubewright demo, or kubewright init my-operator
"""

_STATUS: Final = "The status is 0 when all is well, 1 when it is not, 2 when a command was called wrongly."

_HELP_OPTIONS: Final = ["-h", "--help"]

_COMPLETE: Final = "_KUBEWRIGHT_COMPLETE"
"""The variable by which a completion script asks for completions."""


class Failure(Exception):
    """What a command could not do; the text says what, where, and what to do about it.

    It ends the command with status 1 and no traceback.
    """


class UserCodeFailed(Failure):
    """The user's own code could not be loaded; the text is what Python says, as far as it concerns that code."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    :param arguments: what follows the program's name; the process's own by default.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    # A shell that asks for completions hands over the line so far: bash in the first variable, others in the second.
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    words = line.split()[1:] if _COMPLETE in os.environ else arguments
    chosen = next((word for word in words if not word.startswith("-")), "")
    try:
        _built(application(chosen)).main(list(arguments), prog_name="kubewright", complete_var=_COMPLETE)
    except Failure as failure:
        typer.echo(f"error: {failure}", err=True)
        sys.exit(1)
    except ModuleNotFoundError as missing:
        if missing.name not in _EXTRAS:
            raise
        extra = _EXTRAS[missing.name]
        sys.exit(
            f"kubewright {chosen} needs the extra `{extra}`: pip install 'kubewright[{extra}]'\n"
            "(or 'kubewright[dev]' for all that the development of an operator needs)"
        )


def application(chosen: str) -> typer.Typer:
    """All commands by name and help, but only the chosen one for real."""
    app = typer.Typer(
        no_args_is_help=True,
        # This is what makes typer know the shells; otherwise its own options would show up in --help.
        add_completion=_COMPLETE in os.environ,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": _HELP_OPTIONS},
    )
    app.callback(help=_HELP, epilog=_STATUS)(_top)
    for panel, group in GROUPS.items():
        for name, text in group.items():
            if name != chosen:
                app.command(name, help=text, rich_help_panel=panel)(_nothing)
                continue
            module = import_module(f"kubewright.cli.{name.replace('-', '_')}{'_' * iskeyword(name)}")
            if hasattr(module, "app"):
                app.add_typer(module.app, name=name, help=text, rich_help_panel=panel)
            else:
                app.command(name, rich_help_panel=panel)(module.command)
    return app


def _built(app: typer.Typer) -> TyperGroup:
    """The application with help that fits any width, and with flags that show no type: they take no value."""
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    groups = [command]
    while groups:
        group = groups.pop()
        for one in (group, *group.commands.values()):
            flags = [param for param in one.params if isinstance(param, TyperOption) and param.is_flag]
            names = Context(one, help_option_names=_HELP_OPTIONS)
            one.help = re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(one.help or ""))
            for flag in (*flags, one.get_help_option(names)):
                if flag is not None:
                    flag.metavar = ""
            if isinstance(one, TyperGroup) and one is not group:
                groups.append(one)
    return command


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kubewright {__version__}")
        raise typer.Exit


def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What holds for all commands."""


def _nothing() -> None:
    """Stands for a command that is not the one to run."""
