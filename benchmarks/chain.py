"""The demo from extracts to report, beside plain papermill and nbconvert on the same notebooks."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measure import ROOT, Cost, cost, line

ENGAGEMENT = ROOT / "engagements" / "demo" / "engagement.toml"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"), key=lambda path: path.stem == "00-summary")


def compare() -> None:
    """First with no table made, then with every table there, then with nothing changed."""
    with tempfile.TemporaryDirectory() as folder:
        ours, plain = Path(folder, "ours"), Path(folder, "plain")
        for tables in ("no table made", "tables there"):
            made, beside = _segkit(ours, "--fresh"), _plain(plain)
            line(
                f"notebooks to pages, {tables}",
                f"{made.seconds:.1f} s",
                f"{beside:.1f} s",
                f"{made.seconds / beside:.2f}",
                "<= 0.6 (ours with PDF and Excel)",
            )
        again = _segkit(ours)
        line("run again, nothing changed", f"{again.seconds:.1f} s", "", "", "<= 3 s")
        _sizes(Path(made.said.splitlines()[-1]).parent)


def _segkit(reports: Path, *options: str) -> Cost:
    return cost(
        ["-m", "segkit", "run", str(ENGAGEMENT), *options], {"SEGKIT_REPORTS": str(reports)}
    )


def _plain(reports: Path) -> float:
    """Seconds of papermill one notebook after another, then nbconvert on all of them."""
    reports.mkdir(exist_ok=True)
    where = {"SEGKIT_REPORTS": str(reports)}
    written = [reports / path.name for path in NOTEBOOKS]
    seconds = sum(
        cost(
            ["-m", "papermill", str(path), str(out), "-p", "engagement", str(ENGAGEMENT),
             "--no-progress-bar"],
            where,
        ).seconds
        for path, out in zip(NOTEBOOKS, written, strict=True)
    )  # fmt: skip
    pages = ["-m", "nbconvert", "--to", "html", "--log-level", "ERROR", *map(str, written)]
    return seconds + cost(pages, where).seconds


def _sizes(report: Path) -> None:
    for path in sorted([*report.glob("*.html"), *report.glob("*.pdf"), *report.glob("*.xlsx")]):
        aim = "< 1,500 kB" if path.suffix == ".html" else ""
        line(f"size of {path.name}", f"{path.stat().st_size / 1000:,.0f} kB", "", "", aim)
