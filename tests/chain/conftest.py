"""Each engagement is run once: its tests are in one file, which xdist keeps in one worker."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from whole_report import Report, make_report

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def demo_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the fictional client, in the project, as `make demo` writes it."""
    from segkit import demo

    folder = ROOT / "engagements" / "demo"
    with FileLock(tmp_path_factory.getbasetemp().parent / "demo.lock"):
        if not (folder / "extracts").is_dir():
            demo.write(folder)
    return folder


@pytest.fixture(scope="session")
def demo_report(demo_client: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    return make_report(demo_client / "engagement.toml", tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def adventureworks_report(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    return make_report(_real("adventureworks"), tmp_path_factory.mktemp("adventureworks"))


@pytest.fixture(scope="session")
def online_retail_report(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    return make_report(_real("online_retail"), tmp_path_factory.mktemp("online_retail"))


@pytest.fixture(scope="session")
def minimal_report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """300 customers, order lines only, under headers of their own."""
    from minimal_client import write_lines

    folder = tmp_path_factory.mktemp("minimal")
    shutil.copytree(ROOT / "tests" / "engagements" / "minimal", folder / "client")
    write_lines(folder / "client" / "sales.csv")
    return make_report(folder / "client" / "engagement.toml", folder / "reports", jobs=1)


def _real(name: str) -> Path:
    return ROOT / "tests" / "engagements" / name / "engagement.toml"
