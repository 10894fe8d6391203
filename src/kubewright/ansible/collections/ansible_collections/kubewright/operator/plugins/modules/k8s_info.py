# The action plugin of this name does the work; Ansible wants a module of the name, too, to find it by short names.

DOCUMENTATION = """
module: k8s_info
short_description: objects as they are
description: [Has the arguments and results of kubernetes.core.k8s_info, through the operator that runs the play.]
"""
