"""The ``kubewright`` command: one module a command, imported only when its command is run.

`COMMANDS` is all that the top level knows of them, so ``kubewright --help`` costs next to nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from keyword import iskeyword
from typing import Annotated, Final

import typer

COMMANDS: Final = {
    "init": "Make a project.",
    "import": "Make a project from existing CRDs, or from a kubebuilder project.",
    "create": "Add kinds, webhooks, versions and tests to the project.",
    "rename": "Give a kind of the project another name.",
    "delete": "Take a kind out of the project.",
    "check": "Tell what in the project is stale or has drifted.",
    "upgrade": "Bring the project to the installed version's scaffold.",
    "rehearse": "Apply the project's samples on an embedded cluster and show what becomes of them.",
    "demo": "Show an operator's life, end to end, on the embedded control plane.",
    "run": "Run an operator: against a cluster, or on the embedded control plane.",
    "apiserver": "Run the embedded Kubernetes API server.",
    "cluster": "Run a whole local cluster in the background.",
    "generate": "Write what follows from an operator's code: CRDs, roles, webhooks, schemas, docs.",
    "crd": "Compare and check CustomResourceDefinitions.",
    "rbac": "Compare roles with what an operator was seen to do.",
    "migrate": "Rewrite stored objects in the version that is stored now.",
    "validate": "Check manifests without a cluster.",
    "package": "Write kustomize, a Helm chart, an install file or an OLM bundle from the project.",
    "bundle": "Check an OLM bundle without a cluster.",
    "scorecard": "Check the bundle, and play the samples through on an embedded cluster.",
    "build": "Build the operator's image.",
    "requirements": "Pin what the image installs, with hashes.",
    "sbom": "Write a software bill of materials of the operator's Python packages.",
    "install": "Install the project's CustomResourceDefinitions into a cluster.",
    "uninstall": "Remove the project's CustomResourceDefinitions from a cluster.",
    "deploy": "Deploy the project's operator to a cluster.",
    "undeploy": "Remove a deployed operator from a cluster.",
    "kubebuilder-plugin": "Speak kubebuilder's external-plugin protocol on stdin and stdout.",
    "completion": "Print the script with which a shell completes commands and options.",
}
"""The commands in the order of the help; each is ``app``, or a function ``command``, in the module of its name here.

Of a name that Python cannot import, a hyphen is an underscore there, and a keyword ends in one."""

_EXTRAS: Final = {"kubernetes_validate": "local", "re2": "local", "jinja2": "project", "libcst": "project"}
"""The modules that production images do without, and the extra that brings each."""

_COMPLETE: Final = "_KUBEWRIGHT_COMPLETE"
"""The variable by which a completion script asks for completions."""


class UserCodeFailed(Exception):
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
        application(chosen)(list(arguments), prog_name="kubewright", complete_var=_COMPLETE)
    except UserCodeFailed as failure:
        sys.exit(str(failure))
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
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help="Build, run, test, ship and trust Kubernetes operators in Python.")(_top)
    for name, text in COMMANDS.items():
        if name == chosen:
            module = import_module(f"kubewright.cli.{name.replace('-', '_')}{'_' * iskeyword(name)}")
            if hasattr(module, "app"):
                app.add_typer(module.app, name=name, help=text)
            else:
                app.command(name)(module.command)
        else:
            app.command(name, help=text)(_nothing)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kubewright {metadata.version('kubewright')}")
        raise typer.Exit


def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What holds for all commands."""


def _nothing() -> None:
    """Stands for a command that is not the one to run."""
