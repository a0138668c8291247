"""What one run goes by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from segkit.engagement import Engagement
from segkit.flow.kernels import Progress
from segkit.flow.keys import Keys
from segkit.flow.ledger import as_text
from segkit.store import Store

AUDIT, SUMMARY, CHANGES = "01-data-audit", "00-summary", "90-what-changed"


@dataclass(frozen=True)
class Plan:
    """One run: what goes in, how, and where it comes out.

    Attributes
    ----------
    file
        The engagement file.
    notebooks
        In the order of their names.
    base
        The report whose ledger a trial of the summary reads.
    against
        The ``run`` folder of the earlier report this one is compared with.
    """

    file: Path
    store: Store
    notebooks: tuple[Path, ...]
    out: Path
    jobs: int
    fresh: bool
    progress: Progress
    base: Path | None = None
    against: Path | None = None

    @property
    def engagement(self) -> Engagement:
        """What was agreed with the client."""
        return self.store.engagement

    @cached_property
    def then(self) -> str:
        """The manifest of the earlier report this one is compared with."""
        return (self.against / "manifest.json").read_text("utf-8") if self.against else ""

    @cached_property
    def keys(self) -> Keys:
        """The hashes of what goes in."""
        agreed = self.engagement
        return Keys(agreed, {name: self.store.file_hash(agreed, name) for name in agreed.sources})


def write(path: Path, told: Any) -> None:
    """Write JSON beside and rename: a run that is killed leaves no half file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}")
    beside.write_text(as_text(told), "utf-8")
    beside.replace(path)
