"""``kubewright package``: the operator as a kustomize tree, an install file, a Helm chart or an OLM bundle."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from kubewright.cli import Failure
from kubewright.cli.deploying import manifest
from kubewright.packaging import helm_chart, install_yaml, kustomize_tree
from kubewright.packaging.kustomize import GENERATED as KUSTOMIZE_PARTS
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
    """Write a base, components and an overlay: kubectl apply -k config/kustomize/overlays/default.

    Overlays of your own stand beside the default one, and are kept.
    """
    _write(kustomize_tree(manifest()), output_dir, parts=KUSTOMIZE_PARTS, mark="overlays/default/kustomization.yaml")


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
    _write(helm_chart(manifest()), output_dir, mark="Chart.yaml")


@app.command()
def olm(
    output_dir: OutputDir = DIST / "bundle",
    channels: Channels = None,
    replaces: Replaces = "",
    bundle_image: Annotated[str, typer.Option(help="Also write catalog.yaml, which offers this image.")] = "",
) -> None:
    """Write an OLM bundle, and with --bundle-image the file-based catalog that offers it."""
    package = manifest()
    files = olm_bundle(package, channels=channels or ["stable"], replaces=replaces)
    _write(files, output_dir, mark="metadata/annotations.yaml")
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


def _write(files: Files, folder: Path, *, mark: str, parts: Sequence[str] = ("",)) -> None:
    """Replace what an earlier run wrote: each part of a folder, or the folder itself, as a whole.

    :param mark: the file by which an earlier run's folder is known; what has none is somebody else's, and left alone.
    """
    if not (folder / mark).exists():
        for path in (folder / part for part in parts):
            if path.exists() and any(path.iterdir()):
                raise Failure(f"{path} was not written by this command (it has no {mark}): name another --output-dir")
    for part in parts:
        below = f"{part}/" if part else ""
        _replace(folder / part, {path.removeprefix(below): files[path] for path in files if path.startswith(below)})
    typer.echo(f"wrote {len(files)} files below {folder}")


def _replace(folder: Path, files: Files) -> None:
    """The new folder is complete before the old one goes."""
    new = folder.with_name(f".{folder.name}.part")
    if new.exists():
        shutil.rmtree(new)
    for path, text in files.items():
        target = new / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    if files:
        new.rename(folder)
