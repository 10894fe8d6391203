"""``kubewright init``: a new project that tests, lints and runs at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kubewright.cli import Failure
from kubewright.cli.adding_charts import ChartVersion, Repo, copy_into, fetched_chart, files_of_chart
from kubewright.project.origin import SOURCE, origin
from kubewright.project.scaffold import REVISION, Files, project_files
from kubewright.project.settings import WATCHES, Flavour, Project, ProjectError, check_domain, check_name
from kubewright.project.upgrade import write

_HARMLESS = {".git", ".gitignore", "LICENSE", "README.md", ".venv", ".idea", ".vscode"}
"""What a folder may hold already; of these, only what is absent is written."""


class Licence(StrEnum):
    none = "none"
    apache2 = "apache2"


def command(
    name: Annotated[
        str, typer.Argument(help="The operator's name, which is also the folder's; '.' is this folder.")
    ] = "",
    domain: Annotated[str, typer.Option(help="What API groups end in, such as example.com.")] = "",
    image: Annotated[str, typer.Option(help="The image reference without a tag.")] = "",
    licence: Annotated[Licence, typer.Option("--licence", "--license", help="Put this licence in.")] = Licence.none,
    namespaced: Annotated[bool, typer.Option("--namespaced", help="Watch the operator's own namespace only.")] = False,
    helm: Annotated[
        str, typer.Option(metavar="CHART", help="Make it of this chart: a folder, archive, URL, oci:// or name.")
    ] = "",
    repo: Repo = "",
    chart_version: ChartVersion = "",
    ansible: Annotated[bool, typer.Option("--ansible", help="Make it of Ansible roles instead of Python.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show which files would be written.")] = False,
) -> None:
    """Make a project.  What is not given is asked for on a terminal.

    Then: cd NAME, make test, kubewright create api --group web --version v1 --kind Website
    """
    folder, name = _place(
        name or _ask("name of the operator", "my-operator", lambda answer: check_name(_place(answer)[1]))
    )
    domain = domain or _ask("domain that API groups end in", "example.com", check_domain)
    try:
        if helm and ansible:
            raise ProjectError("an operator is made of a chart or of roles: choose --helm or --ansible")
        flavour: Flavour = "helm" if helm else "ansible" if ansible else "python"
        project = make_project(
            folder, name, domain, image, flavour=flavour, licence=licence.value, namespaced=namespaced
        )
    except ProjectError as error:
        raise Failure(str(error)) from None
    refuse_to_overwrite(folder)
    files = project_files(project)
    if helm:
        with fetched_chart(helm, repo=repo, version=chart_version) as chart:
            files |= files_of_chart(project, chart, files[WATCHES])
            if not dry_run:
                copy_into(project, chart)
    _write(folder, files, dry_run=dry_run)
    if not dry_run:
        if source := origin():
            write(folder / SOURCE, f"{source}\n")
        _next_steps(folder, "generate all" if helm else "create api --group web --version v1 --kind Website")


def _write(folder: Path, files: Files, *, dry_run: bool) -> None:
    for path, text in sorted(files.items()):
        kept = (folder / path).exists()
        if not kept and not dry_run:
            write(folder / path, text)
        typer.echo(f"{'kept ' if kept else 'would write' if dry_run else 'wrote'} {folder / path}")


def make_project(
    folder: Path,
    name: str,
    domain: str,
    image: str,
    *,
    flavour: Flavour = "python",
    licence: str = "none",
    namespaced: bool = False,
) -> Project:
    """The settings of a new project.

    :raises ProjectError: name or domain cannot be used.
    """
    check_name(name)
    check_domain(domain)
    return Project(
        root=folder,
        name=name,
        version="0.1.0",
        domain=domain,
        operator=f"{name.replace('-', '_')}.operator:op" if flavour == "python" else WATCHES,
        image=image or f"registry.{domain}/{name}",
        scaffold=REVISION,
        flavour=flavour,
        licence=licence,
        namespaced=namespaced,
    )


def _place(name: str) -> tuple[Path, str]:
    if name == ".":
        return Path(), Path.cwd().name
    return Path(name), Path(name).name


def _ask(question: str, default: str, check: Callable[[str], None]) -> str:
    """The answer of whoever sits at the terminal, asked again while it cannot be used; without one, a failure."""
    if not sys.stdin.isatty():
        raise Failure(f"no {question} was given: kubewright init NAME --domain example.com")

    def checked(answer: str) -> str:
        try:
            check(answer)
        except ProjectError as error:
            raise typer.BadParameter(str(error)) from None
        return answer

    answer: str = typer.prompt(question[0].upper() + question[1:], default=default, value_proc=checked)
    return answer


def refuse_to_overwrite(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise Failure(f"{folder} is a file")
    strange = sorted(entry.name for entry in folder.iterdir() if entry.name not in _HARMLESS)
    if strange:
        raise Failure(f"{folder} is not empty ({', '.join(strange[:5])}); choose another name or folder")


def _next_steps(folder: Path, command: str) -> None:
    step = "" if folder == Path() else f"  cd {folder}\n"
    typer.echo(f"\nNext:\n{step}  make test\n  .venv/bin/kubewright {command}")
