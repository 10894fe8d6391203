import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import helm_python
import pytest
import yaml
from tests.helm.charts import write_chart

from kubewright.helm import ChartError
from kubewright.helm.scaffold import fetch_chart, kind_of, new_chart


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[str]:
    """A chart repository on this machine that offers two versions of a chart."""
    folder = tmp_path / "repository"
    for version in ("1.0.0", "2.0.0"):
        helm_python.package(write_chart(tmp_path / version, version=version), destination=folder)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        helm_python.repo_index_generate(folder, base_url=url)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield url
        server.shutdown()
        thread.join()


def version_of(chart: Path) -> str:
    return str(yaml.safe_load((chart / "Chart.yaml").read_text())["version"])


def test_a_folder_is_copied(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    chart = fetch_chart(str(write_chart(tmp_path)), scratch)
    assert (chart.parent, version_of(chart)) == (scratch, "0.1.0")


def test_an_archive_is_unpacked(tmp_path: Path) -> None:
    archive = helm_python.package(write_chart(tmp_path), destination=tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert (fetch_chart(archive, scratch) / "values.yaml").is_file()


def test_a_chart_comes_from_a_repository_in_the_version_asked_for(tmp_path: Path, repository: str) -> None:
    for scratch, version, found in ((tmp_path / "a", "", "2.0.0"), (tmp_path / "b", "1.0.0", "1.0.0")):
        scratch.mkdir()
        assert version_of(fetch_chart("web", scratch, repo=repository, version=version)) == found


def test_a_chart_comes_from_a_url(tmp_path: Path, repository: str) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert version_of(fetch_chart(f"{repository}/web-1.0.0.tgz", scratch)) == "1.0.0"


def test_dependencies_are_fetched(tmp_path: Path, repository: str) -> None:
    root = write_chart(tmp_path / "outer")
    metadata = {"apiVersion": "v2", "name": "outer", "version": "0.1.0"}
    metadata["dependencies"] = [{"name": "web", "version": "1.0.0", "repository": repository}]  # type: ignore[assignment]
    (root / "Chart.yaml").write_text(yaml.safe_dump(metadata))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert (fetch_chart(str(root), scratch) / "charts/web-1.0.0.tgz").is_file()


def test_what_cannot_be_fetched_is_named(tmp_path: Path, repository: str) -> None:
    with pytest.raises(ChartError, match="nothing"):
        fetch_chart("nothing", tmp_path, repo=repository)
    with pytest.raises(ChartError, match="add --repo URL"):
        fetch_chart("nothing", tmp_path)


def test_a_kind_is_called_after_its_chart(tmp_path: Path) -> None:
    assert kind_of(new_chart("my-web.app", tmp_path)) == "MyWebApp"
