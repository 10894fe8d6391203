"""T4: a defaulting webhook of ours; says the port and the path that it serves.  Arguments: certificate and key."""

import sys
from pathlib import Path

from bench.ours.widgets import Widget
from kubewright.manager.process import run_event_loop, stop_on_signals
from kubewright.webhook.declaration import app_of, defaulter
from kubewright.webhook.server import WebhookServer


def storage_by_default(widget: Widget) -> None:
    widget.spec.settings.setdefault("storage", "10Gi")


CERTIFICATE, KEY = (Path(name).read_bytes() for name in sys.argv[1:])


async def main() -> None:
    declaration = defaulter(Widget, storage_by_default)
    server = WebhookServer(app_of([declaration]), host="127.0.0.1", port=0)
    server.load_certificate(CERTIFICATE, KEY)
    await server.start()
    print("begin", server.port, declaration.path, flush=True)
    with stop_on_signals() as stop:
        await stop.wait()


run_event_loop(main)
