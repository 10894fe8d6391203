"""Options that mean the same in every command that has them: which operator and which cluster are meant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Target = Annotated[
    str,
    typer.Argument(
        metavar="FILE[:NAME]", help="The operator's file, module or watches.yaml; by default the project's."
    ),
]
Kubeconfig = Annotated[Path | None, typer.Option(help="The kubeconfig; else $KUBECONFIG, in-cluster, ~/.kube.")]
Context = Annotated[str | None, typer.Option(help="A context of the kubeconfig.")]
OutputFile = Annotated[Path | None, typer.Option(help="The file to write; by default standard output.")]
