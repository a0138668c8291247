"""How long it takes until something happens."""

from __future__ import annotations

from benchmarks.measure import best, line


def compare() -> None:
    """Import and help, above bare Python."""
    bare = best(["-c", "pass"])
    for what, command, aim in (
        ("import segkit", ["-c", "import segkit"], 0.25),
        ("segkit --help", ["-m", "segkit", "--help"], 0.5),
    ):
        ours = best(command)
        line(what, f"{ours:.2f} s", f"{bare:.2f} s", f"+{ours - bare:.2f} s", f"<= {aim} s")
