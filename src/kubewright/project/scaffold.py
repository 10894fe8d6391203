"""Files of a new project, rendered from the templates of one scaffold revision.

Every revision's templates stay in the package, because upgrading a project needs what it was once made from:
`templates/REVISION/common/` for every flavour, `templates/REVISION/FLAVOUR/` for one, and a folder for each thing that
`kubewright create` adds.  Rendering is pure: answers go in, texts by path come out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

import jinja2

from kubewright.project.settings import Project

REVISION = 1
"""The newest scaffold."""

TEMPLATES: Traversable = files("kubewright.project") / "templates"

_PLACEHOLDER = re.compile(r"__([a-z](?:_?[a-z])*)__")

Files = dict[str, str]
"""Texts by path, relative to the project's root and with forward slashes."""


def project_files(project: Project, *, revision: int = REVISION, templates: Traversable = TEMPLATES) -> Files:
    """Every file that ``kubewright init`` writes.

    :raises LookupError: there is no such revision.
    """
    folder = templates / str(revision)
    if not folder.is_dir():
        raise LookupError(f"scaffold revision {revision} is not known; this kubewright knows up to {REVISION}")
    answers = {
        "name": project.name,
        "module": project.module,
        "domain": project.domain,
        "image": project.image,
        "licence": project.licence,
        "namespaced": project.namespaced,
        "flavour": project.flavour,
        "operator": project.operator,
        "target": project.operator.partition(":")[0],
        "sources": "src tests" if project.flavour == "python" else "tests",
        "revision": revision,
        "title": project.name.replace("-", " ").capitalize(),
    }
    rendered = render_folder(folder / "common", answers) | render_folder(folder / project.flavour, answers)
    if project.licence == "none":
        rendered.pop("LICENSE", None)
    return rendered


def render_folder(folder: Traversable, answers: Mapping[str, object]) -> Files:
    """Render every template below ``folder``; ``__x__`` in a path stands for the answer ``x``."""
    environment = jinja2.Environment(
        # Makefiles, shells and workflows are full of braces and dollars.
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # the output is source code, not HTML
    )
    found: Files = {}
    for path, text in _texts(folder, ""):
        name = _PLACEHOLDER.sub(lambda found: str(answers.get(found[1], found[0])), path.removesuffix(".j2"))
        found[name] = environment.from_string(text).render(answers)
    return found


def _texts(folder: Traversable, prefix: str) -> list[tuple[str, str]]:
    if not folder.is_dir():
        return []
    found: list[tuple[str, str]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            found += _texts(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".j2"):
            found.append((prefix + entry.name, entry.read_text(encoding="utf-8")))
    return found
