"""``kubewright kubebuilder-plugin``: what kubebuilder runs as ``python/v1``."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Annotated

import typer

from kubewright.cli import Failure
from kubewright.project.kubebuilder import respond


def command(
    install: Annotated[
        bool, typer.Option("--install", help="Put a script where kubebuilder looks for plugins, and end.")
    ] = False,
    plugins: Annotated[
        Path, typer.Option(envvar="EXTERNAL_PLUGINS_PATH", help="Where kubebuilder looks for plugins.")
    ] = Path("~/.config/kubebuilder/plugins"),
) -> None:
    """Answer one request of kubebuilder's external-plugin protocol, read from stdin."""
    if install:
        script = plugins.expanduser() / "python/v1/python"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m kubewright kubebuilder-plugin\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        typer.echo(f"wrote {script}; now: kubebuilder init --plugins python/v1 --domain example.com")
        return
    try:
        request = json.load(sys.stdin)
    except ValueError as error:
        raise Failure(f"standard input holds no request in JSON: {error}") from None
    typer.echo(json.dumps(respond(request, Path.cwd())))
