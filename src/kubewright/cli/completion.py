"""``kubewright completion``: the script by which bash, zsh or fish completes commands, options and their values."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from typer.completion import get_completion_script  # type: ignore[attr-defined]  # typer lists no exports there


class Shell(StrEnum):
    bash = "bash"
    zsh = "zsh"
    fish = "fish"


def command(shell: Annotated[Shell, typer.Argument(help="Whose script to print.")]) -> None:
    """Print the script with which a shell completes commands and options.

    bash: eval "$(kubewright completion bash)" in ~/.bashrc

    zsh: eval "$(kubewright completion zsh)" in ~/.zshrc, after compinit

    fish: kubewright completion fish > ~/.config/fish/completions/kubewright.fish
    """
    typer.echo(get_completion_script(prog_name="kubewright", complete_var="_KUBEWRIGHT_COMPLETE", shell=shell.value))
