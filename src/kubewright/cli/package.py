"""``kubewright package``: the operator as a kustomize tree, an install file, a Helm chart or an OLM bundle."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from kubewright.cli.deploying import manifest
from kubewright.packaging import helm_chart, install_yaml, kustomize_tree
from kubewright.packaging.olm import catalog, olm_bundle

app = typer.Typer(no_args_is_help=True, add_completion=False)

Files = dict[str, str]

OutputDir = Annotated[
    Path, typer.Option("--output-dir", help="The folder to write below; what an earlier run wrote there is replaced.")
]
Channels = Annotated[list[str] | None, typer.Option("--channel", help="Where the bundle is offered; the first leads.")]
Replaces = Annotated[str, typer.Option(help="The version that this one upgrades: NAME.vX.Y.Z.")]

KUSTOMIZE, DIST = Path("config/kustomize"), Path("dist")


@app.command()
def kustomize(output_dir: OutputDir = KUSTOMIZE) -> None:
    """Write a base, components and overlays: kubectl apply -k config/kustomize/overlays/default."""
    _write(kustomize_tree(manifest()), output_dir)


@app.command()
def yaml(output_dir: OutputDir = DIST) -> None:
    """Write one file that installs everything: kubectl apply --server-side -f dist/install.yaml."""
    path = output_dir / "install.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(install_yaml(manifest()), encoding="utf-8")
    typer.echo(f"wrote {path}")


@app.command()
def helm(output_dir: OutputDir = DIST / "chart") -> None:
    """Write a Helm chart: helm install NAME dist/chart."""
    _write(helm_chart(manifest()), output_dir)


@app.command()
def olm(
    output_dir: OutputDir = DIST / "bundle",
    channels: Channels = None,
    replaces: Replaces = "",
    bundle_image: Annotated[str, typer.Option(help="Also write catalog.yaml, which offers this image.")] = "",
) -> None:
    """Write an OLM bundle, and with --bundle-image the file-based catalog that offers it."""
    package = manifest()
    _write(olm_bundle(package, channels=channels or ["stable"], replaces=replaces), output_dir)
    if bundle_image:
        path = output_dir.parent / "catalog.yaml"
        path.write_text(catalog(package, bundle_image=bundle_image, channels=channels or ["stable"]), encoding="utf-8")
        typer.echo(f"wrote {path}")


@app.command(name="all")
def everything() -> None:
    """Write all four to their usual places."""
    writers: list[Callable[[], None]] = [kustomize, yaml, helm, olm]
    for write in writers:
        write()


def _write(files: Files, folder: Path) -> None:
    """Replace a folder as a whole: the new one is complete before the old one goes."""
    part = folder.with_name(f".{folder.name}.part")
    if part.exists():
        shutil.rmtree(part)
    for path, text in files.items():
        target = part / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    part.rename(folder)
    typer.echo(f"wrote {len(files)} files below {folder}")
