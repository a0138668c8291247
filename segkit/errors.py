"""Errors are sentences: what is wrong, how many of how many, the first few, then the fix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path


class SegkitError(ValueError):
    """Something a consultant can mend; its text ends in a line that starts with ``Fix:``."""

    exit_code = 2

    def _render_traceback_(self) -> list[str]:
        """What Jupyter shows: the sentence, without a traceback."""
        return [str(self)]


class EngagementError(SegkitError):
    """The engagement file asks for something segkit does not know or cannot do."""


class SourceError(SegkitError):
    """A client's file is not what the engagement file says it is."""


class ReconciliationError(SegkitError):
    """Two numbers that must be equal are not: ours is the mistake."""

    exit_code = 1


class RunError(SegkitError):
    """A run stopped: a notebook failed, or another run holds the folder."""

    exit_code = 1


def unforeseen(error: Exception, folder: Path) -> RunError:
    """The sentence for an error that is ours, its detail in a log file in `folder`."""
    import traceback

    log = folder / "error.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(traceback.format_exception(error)), "utf-8")
    return RunError(
        f"The run stopped: {type(error).__name__}: {error}\n"
        f"The detail lies in {log}\n"
        "Fix: this is a mistake in segkit; please report it with that file."
    )


def nearest(word: str, known: Iterable[str]) -> str:
    """The sentence that names the nearest known word, or nothing when none is near.

    Examples
    --------
    >>> nearest("window_month", ["as_of", "window_months"])
    ' Nearest: window_months.'
    """
    by_folded = {name.casefold(): name for name in sorted(known)}
    found = get_close_matches(word.casefold(), list(by_folded), n=1, cutoff=0.5)
    return f" Nearest: {by_folded[found[0]]}." if found else ""


def first_few(items: Sequence[object], shown: int = 3) -> str:
    """The first few of `items` in words.

    Examples
    --------
    >>> first_few(["B", "C", "D", "E"])
    'B, C, D and 1 more'
    """
    head = ", ".join(str(item) for item in items[:shown])
    rest = len(items) - shown
    return f"{head} and {rest:,} more" if rest > 0 else head
