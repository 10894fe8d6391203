# The action plugin of this name does the work; Ansible wants a module of the name, too, to find it by short names.

DOCUMENTATION = """
module: requeue_after
short_description: when the object is reconciled again
description: [Has the arguments and results of operator_sdk.util.requeue_after, through the play's operator.]
"""
