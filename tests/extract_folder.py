"""A client's folder that a test fills: its files, its engagement, the tables made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from segkit.engagement import Engagement, read_engagement
from segkit.recipes import RECIPES
from segkit.sources import files_hash
from segkit.store import Store


class Extract:
    """Write files and an engagement of PLN up to 31 March 2026, then read tables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str, encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(encoding))
        return path

    def agree(self, sources: str, top: str = 'country = "PL"') -> Engagement:
        head = f'client = "Skovbæk"\nas_of = 2026-03-31\ncurrency = "PLN"\n{top}\n'
        self.write("engagement.toml", head + sources)
        return read_engagement(self.folder)

    def store(self, sources: str, top: str = 'country = "PL"') -> Store:
        return Store(self.folder / ".store", self.agree(sources, top), RECIPES, files_hash)

    def order_lines(self, text: str, more: str = "", encoding: str = "utf-8") -> Store:
        """A store over one file of order lines whose headers are contract names."""
        self.write("orders.csv", text, encoding)
        return self.store(f'[sources.order_lines]\nfile = "orders.csv"\n{more}')


@pytest.fixture
def extract(tmp_path: Path) -> Extract:
    """An empty client folder."""
    return Extract(tmp_path / "engagement")
