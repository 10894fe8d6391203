"""Build, run, test, ship and trust Kubernetes operators in Python."""
