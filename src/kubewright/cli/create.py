"""``kubewright create``: kinds, and what belongs to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from kubewright.ansible.scaffold import api_files
from kubewright.cli import Failure
from kubewright.cli.adding_charts import ChartVersion, Repo, add_chart
from kubewright.cli.definitions import Names, OfCluster, Source, read_definitions
from kubewright.cli.import_ import tidy
from kubewright.cli.loading import OperatorNotFound, load_operator
from kubewright.project.children import new_children
from kubewright.project.create import Api, difference, new_api
from kubewright.project.extend import Purpose, new_test, new_version, new_webhooks
from kubewright.project.scaffold import Files
from kubewright.project.settings import Flavour, Project, ProjectError, find_project, find_python_project
from kubewright.project.upgrade import write
from kubewright.schema import SchemaError
from kubewright.schema.resource import Resource

app = typer.Typer(no_args_is_help=True, add_completion=False)

Kind = Annotated[str, typer.Option(help="The kind, in CamelCase.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the change as a diff and write nothing.")]


@app.callback()
def create() -> None:
    """Add to the project; no file is ever overwritten."""


@app.command()
def api(
    group: Annotated[str, typer.Option(help="The API group; without a dot, the project's domain is appended.")] = "",
    version: Annotated[str, typer.Option(help="The version: v1, v1beta1, v1alpha1.")] = "",
    kind: Annotated[str, typer.Option(help="The kind, in CamelCase.")] = "",
    plural: Annotated[str, typer.Option(help="The plural, where English rules do not give it.")] = "",
    cluster_scoped: Annotated[bool, typer.Option("--cluster-scoped", help="Objects have no namespace.")] = False,
    helm_chart: Annotated[
        str, typer.Option(metavar="CHART", help="The chart that makes it, in a project of charts; else a new one.")
    ] = "",
    repo: Repo = "",
    chart_version: ChartVersion = "",
    generate_role: Annotated[bool, typer.Option("--generate-role", help="In a project of roles: make a role.")] = False,
    generate_playbook: Annotated[
        bool, typer.Option("--generate-playbook", help="In a project of roles: make a playbook, of the role if any.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Add a kind: src/PACKAGE/KIND.py, a test, a sample, and its import in operator.py.

    In a project of Helm charts: a chart, a sample, and an entry in watches.yaml; group, version and kind then have
    defaults: charts, v1alpha1, and what the chart is called.

    In a project of Ansible roles: a role, a playbook or both, a sample, and an entry in watches.yaml.

    For example: kubewright create api --group web --version v1 --kind Website
    """
    flavour = _flavour()
    if flavour == "helm":
        project = find_project(Path.cwd())
        add_chart(
            project, helm_chart, repo=repo, chart_version=chart_version, group=group, version=version, kind=kind,
            dry_run=dry_run,
        )  # fmt: skip
        return
    for name, value in (("--group", group), ("--version", version), ("--kind", kind)):
        if not value:
            raise typer.BadParameter(f"say {name}")

    def wanted() -> Api:
        return Api(group, version, kind, plural, namespaced=not cluster_scoped)

    def of_ansible(project: Project) -> Files:
        role = generate_role or not generate_playbook
        return api_files(project, wanted(), role=role, playbook=generate_playbook)

    if flavour == "ansible":
        if _carry_out(of_ansible, dry_run, find=find_project):
            typer.echo("Next: edit the role, then: make generate test")
    elif _carry_out(lambda project: new_api(project, wanted()), dry_run):
        typer.echo("Next: edit the types, then: make generate test")


@app.command()
def webhook(
    kind: Kind,
    defaulting: Annotated[bool, typer.Option("--defaulting", help="A function that fills in fields.")] = False,
    validation: Annotated[bool, typer.Option("--validation", help="A function that refuses objects.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Add webhooks to a kind: functions in its module, and a test.

    For example: kubewright create webhook --kind Website --validation
    """
    purposes: list[Purpose] = []
    if defaulting:
        purposes.append("default")
    if validation:
        purposes.append("validate")
    if not purposes:
        raise typer.BadParameter("say --defaulting, --validation or both")
    if _carry_out(lambda project: new_webhooks(project, kind, purposes), dry_run):
        typer.echo("Next: write the functions' bodies, then: make generate test")


@app.command()
def version(
    kind: Kind, version: Annotated[str, typer.Option(help="The new version: v2, v1beta2.")], dry_run: DryRun = False
) -> None:
    """Add a version of a kind, with functions that convert to and from the one that is stored.

    Any number of versions can be added so; the stored one stays the hub that all the others are converted through.

    For example: kubewright create version --kind Website --version v1beta1
    """
    if _carry_out(lambda project: new_version(project, _stored(kind, version), version), dry_run):
        typer.echo("Next: edit the new types and both functions, then: make generate test")


@app.command()
def child(
    kind: Kind,
    source: Source,
    names: Names = None,
    context: OfCluster = None,
    dry_run: DryRun = False,
) -> None:
    """Let a kind own someone else's custom resources: typed classes, and owns= of its reconcile function.

    For example: kubewright create child --kind Website --from cluster certificates.cert-manager.io
    """
    definitions = read_definitions(source, names or (), context)
    if _carry_out(lambda project: new_children(project, kind, definitions), dry_run):
        tidy(find_project(Path.cwd()).root)
        typer.echo("Next: apply one with ctx.apply(...), then: make generate test")


@app.command()
def test(
    name: Annotated[str, typer.Argument(help="What is tested, as words joined by underscores: scales_up.")],
    kind: Kind,
    dry_run: DryRun = False,
) -> None:
    """Add a test of a kind on a cluster of its own.

    For example: kubewright create test scales_up --kind Website
    """
    _carry_out(lambda project: new_test(project, kind, name), dry_run)


def _flavour() -> Flavour:
    try:
        return find_project(Path.cwd()).flavour
    except ProjectError as error:
        raise Failure(str(error)) from None


def _stored(kind: str, new: str) -> type[Resource[object, object]]:
    """The class of the version that is stored.

    :raises ProjectError: there is no such kind, or it has the new version already.
    """
    try:
        operator = load_operator()
        crds = [crd for crd in operator.crds() if crd.spec.names.kind == kind]
    except (OperatorNotFound, SchemaError) as error:
        raise ProjectError(str(error)) from None
    if not crds:
        raise ProjectError(f"the operator has no kind {kind}")
    versions = {version.name: version for version in crds[0].spec.versions}
    if new in versions:
        raise ProjectError(f"{kind} has a version {new} already")
    return next(cls for cls in operator.resources if cls.gvk.kind == kind and versions[cls.gvk.version].storage)


def _carry_out(
    make: Callable[[Project], Files], dry_run: bool, *, find: Callable[[Path], Project] = find_python_project
) -> bool:
    """Write what is made, or only show it; whether anything was written."""
    try:
        project = find(Path.cwd())
        files = make(project)
    except ProjectError as error:
        raise Failure(str(error)) from None
    if dry_run:
        typer.echo(difference(project.root, files), nl=False)
        return False
    for path, text in sorted(files.items()):
        write(project.root / path, text)
        typer.echo(f"wrote {path}")
    return True
