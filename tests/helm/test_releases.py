import base64
import gzip
import json

import pytest
from tests.helm.charts import hook

from kubewright.helm.manifests import hook_from
from kubewright.helm.releases import DEPLOYED, decode, encode, hook_record, hooks_of, new_release


def test_a_release_is_gzipped_json_in_base64_with_helm_s_names() -> None:
    made = hook_from("web/templates/h.yaml", hook("h", "pre-install"))
    release = new_release(
        "a", "default", 2, DEPLOYED,
        chart={"metadata": {"name": "web", "version": "1.0.0"}}, config={"x": 1}, manifest="---\n",
        hooks=[hook_record(made)], description="Install complete",
    )  # fmt: skip
    data = encode(release)
    plain = json.loads(gzip.decompress(base64.b64decode(data)))
    assert (plain["name"], plain["version"], plain["info"]["status"]) == ("a", 2, "deployed")
    assert plain["hooks"][0]["events"] == ["pre-install"]
    assert decode(data) == release
    assert (release.chart_name, release.chart_version) == ("web", "1.0.0")
    assert hooks_of(release) == [made]


def test_releases_that_were_never_compressed_are_read_too() -> None:
    plain = {"name": "a", "namespace": "b", "version": 1, "info": {"status": "deployed"}, "newer": "field"}
    assert decode(base64.b64encode(json.dumps(plain).encode())).namespace == "b"


@pytest.mark.parametrize("data", [b"", b"!", base64.b64encode(b"\x1f\x8b\x08broken"), base64.b64encode(b"[]")])
def test_what_is_no_release_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(ValueError):
        decode(data)
