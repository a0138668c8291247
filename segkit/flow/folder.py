"""A run is built beside its place and renamed into it: what stands there is always whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from segkit.errors import RunError, SegkitError, unforeseen

#: Written last, so that a folder that has it is whole.
MANIFEST = Path("run", "manifest.json")
#: What a stopped run leaves for the next one.
_KEPT = ("notebooks", "parts")


@contextmanager
def building(out: Path) -> Iterator[Path]:
    """The folder in which the run of `out` is built; at the end it takes the place of `out`.

    What it replaces is kept as ``<name>.1``. A run that stops leaves `out` untouched, and what
    it finished to the next run.

    Raises
    ------
    RunError
        If another run of `out` is at work, or something unforeseen happened.
    """
    from filelock import FileLock, Timeout

    beside = out.with_name(f".{out.name}.building")
    beside.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out.with_name(f".{out.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(
            f"Another run is writing {out}.\n"
            "Fix: wait until it has ended, or send this run elsewhere with --out."
        ) from None
    with lock:
        _finish_swap(beside, out)
        _sweep(beside)
        try:
            yield beside
        except SegkitError:
            raise
        except Exception as error:
            raise unforeseen(error, beside) from error
        _swap(beside, out)


def link(made: Path, place: Path) -> None:
    """Put the file `made` at `place` too, without a second copy where the disk allows it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    try:
        os.link(made, place)
    except OSError:
        shutil.copyfile(made, place)


def _sweep(beside: Path) -> None:
    """Empty the folder of a run that stopped, but for what the next run may use."""
    (beside / "run").mkdir(parents=True, exist_ok=True)
    for path in (*beside.iterdir(), *(beside / "run").iterdir()):
        if path.name in ("run", *_KEPT):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _finish_swap(beside: Path, out: Path) -> None:
    """A run killed between the two renames of a swap was whole: put it in its place."""
    if (beside / MANIFEST).exists() and not out.exists():
        beside.rename(out)


def _swap(beside: Path, out: Path) -> None:
    previous = out.with_name(f"{out.name}.1")
    if out.exists():
        with suppress(FileNotFoundError):
            shutil.rmtree(previous)
        out.rename(previous)
    beside.rename(out)
