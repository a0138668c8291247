"""What the client's files hold, and whether it is what the client said they hold."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING

from segkit.flow.kernels import DONE, Progress
from segkit.language import Message, Value, say, share
from segkit.store import Store

if TYPE_CHECKING:
    from segkit.audit.controls import Gap
    from segkit.sources import Checked

_NAMES = {
    "net_revenue": say("Net revenue"),
    "order_lines": say("Order lines"),
    "customers": say("Customers"),
}


def make_sources(store: Store, progress: Progress) -> Checked:
    """Read and check every client file: what is wrong with one is said before a kernel starts."""
    from segkit.sources import check

    import_module("pandera.pandas")  # first imported by two threads at once, it blocks both
    with ThreadPoolExecutor(4) as pool:
        reading = {
            name: pool.submit(store.path, f"{name}_counts") for name in store.engagement.sources
        }
        for name, read in reading.items():
            progress("sources", name.replace("_", " "))
            read.result()
    checked = check(store.engagement, store)
    progress("sources", DONE)
    return checked


def gaps(store: Store) -> list[Gap]:
    """The control totals that the lines miss by more than was agreed."""
    from segkit.audit.controls import control_gaps
    from segkit.workbook import Workbook

    if not store.engagement.controls:
        return []
    found = control_gaps(Workbook("01-data-audit", store.engagement, store))
    return [gap for gap in found if not gap.is_within]


def in_words(gap: Gap) -> Message:
    """A gap as a sentence."""
    return say(
        "{name}: {ours} in the files and {theirs} by the client's own figure, {apart} apart where "
        "{agreed} was agreed.",
        name=name_of(gap),
        ours=to_the_cent(gap.ours),
        theirs=to_the_cent(gap.theirs),
        apart=share(abs(float(gap.share))),
        agreed=share(float(gap.tolerance)),
    )


def name_of(gap: Gap) -> Message | str:
    """What a control is called."""
    return _NAMES.get(gap.name) or gap.name.replace("_", " ").capitalize()


def to_the_cent(value: Decimal) -> Value:
    """A number in full: with decimals where it has any."""
    return Value(value, "number", digits=0 if value == value.to_integral_value() else 2)
