# The action plugin of this name does the work; Ansible wants a module of the name, too, to find it by short names.

DOCUMENTATION = """
module: osdk_metric
short_description: a metric of the operator
description: [Has the arguments and results of operator_sdk.util.osdk_metric, through the operator that runs the play.]
"""
