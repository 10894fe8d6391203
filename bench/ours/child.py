"""T3: an operator of ours that gives every widget a ConfigMap and then says that it is ready."""

from bench.ours.widgets import Widget, op
from kubewright import Context, ObjectMeta
from kubewright.client import connect
from kubewright.manager import Manager
from kubewright.manager.process import run_event_loop, stop_on_signals
from kubewright.objects.core_v1 import ConfigMap


@op.reconcile(Widget, owns=[ConfigMap], workers=16)
async def reconcile(widget: Widget, ctx: Context) -> None:
    await ctx.apply(ConfigMap(metadata=ObjectMeta(name=widget.metadata.name), data={"image": widget.spec.image}))
    widget.status.ready = True


async def main() -> None:
    async with connect() as client:
        manager = Manager(client, "bench", health_address="0", metrics_address="0")
        op.add_to(manager)
        await client.list(Widget)
        print("begin", flush=True)
        with stop_on_signals() as stop:
            await manager.run(stop)


run_event_loop(main)
