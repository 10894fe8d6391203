# The action plugin of this name does the work; Ansible wants a module of the name, too, to find it by short names.

DOCUMENTATION = """
module: k8s_status
short_description: something of an object's status
description: [Has the arguments and results of operator_sdk.util.k8s_status, through the operator that runs the play.]
"""
