"""What the client's files hold, and whether it is what the client said they hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from segkit.flow.kernels import DONE, Progress
from segkit.store import Store

if TYPE_CHECKING:
    from segkit.audit.reconcile import Gap


def make_sources(store: Store, progress: Progress) -> None:
    """Read and check every client file: what is wrong with one is said before a kernel starts."""
    for name in store.engagement.sources:
        progress("sources", name.replace("_", " "))
        store.path(f"{name}_counts")
    progress("sources", DONE)


def gaps(store: Store) -> list[Gap]:
    """The control totals that the lines miss by more than was agreed."""
    from segkit.audit.reconcile import control_gaps, sums
    from segkit.workbook import Workbook

    controls = store.engagement.controls
    if not controls:
        return []
    figures = sums(Workbook("01-data-audit", store.engagement, store))
    found = control_gaps(controls, {id: figure.value for id, figure in figures.items()})
    return [gap for gap in found if not gap.is_within]


def in_words(gap: Gap) -> str:
    """A gap as a sentence."""
    return (
        f"{gap.name.replace('_', ' ').capitalize()} is {gap.ours:,} in the files and "
        f"{gap.theirs:,} by the client's own figure: {abs(gap.share):.2%} apart, where "
        f"{gap.tolerance:.2%} was agreed."
    )


def contents(store: Store) -> Iterator[str]:
    """Line by line, what each client file holds."""
    for name in store.engagement.sources:
        counts = store.frame(f"{name}_counts").sort_values("file")
        columns = (counts[column] for column in ("file", "rows_read", "rows_quarantined"))
        for file, read, aside in zip(*columns, strict=True):
            said = f", {aside:,} set aside" if aside else ""
            yield f"{name}: {file}: {read:,} rows read{said}"
