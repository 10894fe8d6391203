"""Finds the cluster that the user, or the Pod, means.

`load_config` looks where controller-runtime looks: the file that was named, ``$KUBECONFIG``, the Pod's service account,
``~/.kube/config``; `connect` makes a client for what was found.
"""

from __future__ import annotations

import os
from pathlib import Path

from kubewright.client.client import Client
from kubewright.client.config import Config, ConfigError
from kubewright.client.credentials import TokenFile
from kubewright.client.kubeconfig import Kubeconfig

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def connect(kubeconfig: str | os.PathLike[str] | None = None, *, context: str | None = None) -> Client:
    """A client for the cluster that `load_config` finds; nothing is sent yet.

    :raises ConfigError: nothing was found, or what was found is wrong.
    """
    config = load_config(kubeconfig, context=context)
    return Client(config.transport(), namespace=config.namespace)


def load_config(kubeconfig: str | os.PathLike[str] | None = None, *, context: str | None = None) -> Config:
    """The settings for the cluster that the user, or the Pod, means.

    Looked for in this order: ``kubeconfig``, the files of ``$KUBECONFIG``, the service account of the Pod that this
    process runs in, ``~/.kube/config``.

    :param context: a context of the kubeconfig; None means its ``current-context``.
    :raises ConfigError: nothing was found, or what was found is wrong.
    """
    if kubeconfig:
        return Kubeconfig.read([Path(kubeconfig)]).config(context)
    if paths := [Path(path) for path in os.environ.get("KUBECONFIG", "").split(os.pathsep) if path]:
        return Kubeconfig.read(paths).config(context)
    if context is None and in_cluster():
        return in_cluster_config()
    home = Path.home() / ".kube" / "config"
    if not home.exists():
        raise ConfigError(
            f"no cluster is configured: there is no {home}, KUBECONFIG is not set, and this is not a Pod; "
            "name a file with --kubeconfig, or use an embedded control plane: "
            "kubewright run --local, or kubewright cluster start"
        )
    return Kubeconfig.read([home]).config(context)


def in_cluster() -> bool:
    """Whether this process runs in a Pod with a service account."""
    return "KUBERNETES_SERVICE_HOST" in os.environ and (SERVICE_ACCOUNT / "token").exists()


def in_cluster_config(directory: Path = SERVICE_ACCOUNT) -> Config:
    """The settings that a Pod's environment and service account mount give.

    :raises ConfigError: this is not a Pod, or its service account token is not mounted.
    """
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise ConfigError("this is not a Pod: KUBERNETES_SERVICE_HOST is not set")
    if not (directory / "token").exists():
        raise ConfigError(
            f"the service account is not mounted: no {directory}/token; is automountServiceAccountToken false?"
        )
    authority, namespace = directory / "ca.crt", directory / "namespace"
    return Config(
        server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        namespace=namespace.read_text().strip() if namespace.exists() else "default",
        credentials=TokenFile(directory / "token"),
        certificate_authority=authority.read_bytes() if authority.exists() else None,
        origin=f"in-cluster, {directory}",
    )
