# The action plugin of this name does the work; Ansible wants a module of the name, too, to find it by short names.

DOCUMENTATION = """
module: k8s_event
short_description: an event about an object
description: [Has the arguments and results of operator_sdk.util.k8s_event, through the operator that runs the play.]
"""
