"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from extract_folder import extract as extract
from hypothesis import settings

# the same examples each time, and no stop-watch: a slow machine is no wrong answer
settings.register_profile("segkit", deadline=None, derandomize=True)
settings.load_profile("segkit")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets; absent it skips, but not where it must be there."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        reason = f"the real data sets are not at {folder}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
