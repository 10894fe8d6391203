"""Plays a playbook in this very process: with the collection's plugins, the only code that imports Ansible.

It is imported in the warm process only.  A `Job` comes in, the exit code of ``ansible-playbook`` goes out; events go
their way through the callback plugin ``kubewright.operator.events``.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ansible import constants, context
from ansible.cli.playbook import PlaybookCLI
from ansible.errors import AnsibleError
from ansible.executor.playbook_executor import PlaybookExecutor
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import add_all_plugin_dirs, init_plugin_loader
from ansible.template import trust_as_template
from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible.utils.display import Display
from ansible.vars.manager import VariableManager

if TYPE_CHECKING:
    from kubewright.ansible.warm_process import Job

init_plugin_loader([])
constants.CALLBACKS_ENABLED.append("kubewright.operator.events")


def _default_options() -> ImmutableDict:
    """What ``ansible-playbook`` assumes of its options, by the configuration and the environment."""
    cli = PlaybookCLI(["ansible-playbook", "-"])
    cli.init_parser()
    return ImmutableDict(vars(cli.post_process_args(cli.parser.parse_args(cli.args[1:]))))


_OPTIONS = _default_options()
_VAULT_SECRETS = PlaybookCLI.setup_vault_secrets(DataLoader(), constants.DEFAULT_VAULT_IDENTITY_LIST, auto_prompt=False)


def play(job: Job) -> int:
    """Play it on this machine, on a host ``localhost`` that is in ``all`` too."""
    temporary = os.path.join(job.folder, "tmp")
    os.makedirs(temporary, exist_ok=True)
    constants.DEFAULT_LOCAL_TMP = os.environ["ANSIBLE_REMOTE_TEMP"] = temporary
    # As in "Python API" of Ansible's developer guide: options first, all else reads them.  Texts in the variables are
    # trusted like those of a command line, but for the ones that are marked unsafe.
    context.CLIARGS = _OPTIONS.union({"verbosity": job.verbosity, "extra_vars": (trust_as_template(job.variables),)})
    Display().verbosity = job.verbosity
    loader = DataLoader()
    loader.set_vault_secrets(_VAULT_SECRETS)
    beside = os.path.dirname(os.path.abspath(job.playbook))
    add_all_plugin_dirs(beside)
    AnsibleCollectionConfig.playbook_paths = [beside]
    inventory = InventoryManager(loader, sources=["localhost,"])
    host = inventory.get_host("localhost")
    host.set_variable("ansible_connection", "local")
    host.set_variable("ansible_python_interpreter", sys.executable)
    variables = VariableManager(loader, inventory, version_info=PlaybookCLI.version_info())
    executor = PlaybookExecutor([job.playbook], inventory, variables, loader, passwords={})
    try:
        code: int = executor.run()
    except AnsibleError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 4
    return code
