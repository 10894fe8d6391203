"""Parts of workloads for the tests of this folder."""

from kubewright.objects import ObjectMeta
from kubewright.objects.core_v1 import Container, PodSpec, PodTemplateSpec
from kubewright.objects.meta import LabelSelector

LABELS = {"app": "x"}
SELECTOR = LabelSelector(match_labels=LABELS)


def template(image: str = "i:1", *, restart_policy: str | None = None, **annotations: str) -> PodTemplateSpec:
    named = {f"kubewright.dev/{name.replace('_', '-')}": value for name, value in annotations.items()}
    return PodTemplateSpec(
        metadata=ObjectMeta(labels=LABELS, annotations=named),
        spec=PodSpec(containers=[Container(name="c", image=image)], restart_policy=restart_policy),
    )
