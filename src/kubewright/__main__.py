"""``python -m kubewright``: the ``kubewright`` command."""

from kubewright.cli import main

main()
