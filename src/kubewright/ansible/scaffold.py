"""A kind's way into a project of Ansible roles: its role or playbook, its entry in ``watches.yaml``, and a sample.

The kind goes in, texts by path come out; nothing is written here.
"""

from __future__ import annotations

from kubewright.project.create import Api
from kubewright.project.scaffold import REVISION, TEMPLATES, Files, render_folder
from kubewright.project.settings import WATCHES, Project
from kubewright.project.watches import with_watch


def api_files(project: Project, api: Api, *, role: bool, playbook: bool) -> Files:
    """The texts that make a kind.

    :param role: make a role.
    :param playbook: make a playbook, which runs the role where there is one.
    :raises ProjectError: the project has such a kind, or one of the files, already.
    """
    group, name = api.full_group(project), api.kind.lower()
    answers = {
        "kind": api.kind, "kind_module": api.module, "group": group, "version": api.version, "role": name,
        "with_role": role,
    }  # fmt: skip
    folders = ["ansible_api", *(["ansible_role"] if role else []), *(["ansible_playbook"] if playbook else [])]
    files: Files = {}
    for folder in folders:
        files |= render_folder(TEMPLATES / str(REVISION) / folder, answers)
    project.refuse_existing(files)
    watches = project.root / WATCHES
    text = watches.read_text(encoding="utf-8") if watches.is_file() else ""
    play = {"playbook": f"playbooks/{name}.yml"} if playbook else {"role": name}
    return {**files, WATCHES: with_watch(text, group, api.version, api.kind, play)}
