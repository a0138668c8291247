"""A first engagement file, proposed from a folder of extracts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from segkit.engagement import QUESTION, Data, Engagement, Source, slug_of
from segkit.engine import Engine
from segkit.errors import EngagementError, SourceError, first_few
from segkit.sources.looking import Look, look, looks, others
from segkit.sources.proposing import deciding, deriving, writing
from segkit.sources.proposing.evidence import Group, group_of, grouped, place_of
from segkit.sources.proposing.matching import Proposal, nearly, proposals
from segkit.sources.proposing.words import spoken
from segkit.sources.staging import stage

FILE = "engagement.toml"
#: Settings that say how values are read, and so stand where the columns do.
_OF_VALUES = ("decimal", "date_format")
#: Folders whose name says nothing about the client.
_NAMELESS = {"data", "dane", "extracts", "extract", "export", "exports", "input", "raw", "files"}


def propose(
    folder: Path,
    out: Path | None = None,
    *,
    client: str | None = None,
    progress: Callable[[str, str], None] = lambda *_: None,
) -> Path:
    """Write the proposed engagement file of a folder of extracts, and say where.

    Raises
    ------
    SegkitError
        If there is no such folder, nothing in it can be read, or the file is there already.
    """
    target = _target(folder, out)
    progress("new", "looking at every file")
    found = _looked(folder)
    if not any(look.rows for look in found):
        raise _nothing(folder, found)
    progress("new", "which file is which table")
    with Engine() as engine:
        text = _text(engine, folder, target, client, found)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("x", encoding="utf-8", newline="\n") as opened:
        opened.write(text)
    progress("new", "done")
    return target


def _looked(folder: Path) -> list[Look]:
    """Every file; those whose letters can't tell the code page as the others' language has it."""
    found = looks(folder)
    if _first_language(found) not in ("pl", "ro"):
        return list(found)
    return [
        replace(look(one.path, one.sheet or None, "cp1250"), file=one.file)
        if one.sure == "undecided"
        else one
        for one in found
    ]


def _target(folder: Path, out: Path | None) -> Path:
    if not folder.is_dir():
        raise EngagementError(
            f"There is no folder {folder}.\nFix: give the folder that holds the client's extracts."
        )
    target = out or folder / FILE
    target = target / FILE if target.is_dir() else target
    if target.exists():
        raise EngagementError(
            f"{target} is there already, and what was agreed is never overwritten.\n"
            "Fix: write beside it with --out, or delete it first."
        )
    return target


def _nothing(folder: Path, found: Sequence[Look]) -> SourceError:
    said = [f"{look.file}: {look.problem.splitlines()[0]}" for look in found if look.problem]
    why = f": {first_few(said).rstrip('.')}" if said else ""
    return SourceError(
        f"Nothing in {folder} holds rows that can be read{why}.\n"
        "Fix: put the client's CSV, XLSX or Parquet files there, as the client sent them."
    )


def _text(
    engine: Engine, folder: Path, target: Path, client: str | None, found: Sequence[Look]
) -> str:
    groups = _groups(engine, folder, [look for look in found if look.rows and look.columns])
    chosen = sorted(proposals(engine, groups), key=lambda one: one.table.name != "order_lines")
    raws: set[str] = set()
    used = {look for one in chosen for look in one.group.looks}
    name, told = (client, "as given") if client else _client(folder)
    root = os.path.relpath(folder.resolve(), target.parent.resolve())
    body = [
        *writing.lines_of(deciding.agreed(engine, name, told, chosen)),
        "\n[data]",
        writing.beside(f"root = {writing.quoted(Path(root).as_posix())}", "files are read here"),
        *writing.lines_of(deciding.words_in(groups)),
        *(line for one in chosen for line in _section(engine, one, raws)),
        *_flat(engine, chosen, raws),
        *_without_lines(chosen),
        *_without_rates(chosen),
        *_rest([look for look in found if look not in used], groups, others(folder)),
        *_CONTROLS,
    ]  # fmt: skip
    text = "\n".join(body) + "\n"
    head = _head(len(found), text.count(f"\n# {QUESTION}"))
    return "\n".join(head) + "\n" + text


def _groups(engine: Engine, folder: Path, found: Sequence[Look]) -> list[Group]:
    country = {"pl": "PL", "ro": "RO"}.get(_first_language(found))
    reader = Engagement(
        client="x", as_of=date(2000, 1, 1), country=country, sources={}, data=Data(), folder=folder
    )
    made = []
    for place, (pattern, several) in enumerate(grouped(found)):
        rows = {one.header_row for one in several}
        is_written = len(rows) == 1 and several[0].kind in ("csv", "xlsx")
        told: dict[str, Any] = place_of(pattern, several)
        source = Source(**told, header_row=rows.pop() if is_written else None)
        made.append(
            group_of(engine, pattern, several, stage(engine, reader, f"group{place}", source))
        )
    return made


def _first_language(found: Sequence[Look]) -> str:
    return spoken([header for look in found for header in look.headers])[0][0]


def _client(folder: Path) -> tuple[str, str]:
    for place in (folder.resolve(), *folder.resolve().parents):
        if place.name.casefold() not in _NAMELESS and slug_of(place.name):
            return place.name, "the folder's name: write the client's"
    return "Client", "write the client's name"


def _section(engine: Engine, one: Proposal, raws: set[str]) -> Iterator[str]:
    where = f"sources.{one.table.name}"
    yield f"\n# ---- {one.table.name}: one row per {one.table.grain} ----"
    for told in deciding.noted(one.group):
        yield from writing.wrapped(told)
    for other in one.rivals:
        yield from writing.wrapped(
            f"{QUESTION} {other.label} looks like {one.table.name} too ({other.rows:,} rows). "
            "Leave it out, or join both with sql (docs/engagement.md)?"
        )
    settings = deciding.reading(engine, one)
    made = deriving.derived(one)
    lost = [name for name in one.missing if name not in {each.column for each in made}]
    declared = deciding.key(engine, one)
    if made and not lost:
        yield from _raw(one.group, settings, raws)
        yield f"\n[{where}]"
        yield from writing.lines_of([each for each in settings if each.key in _OF_VALUES])
        yield from writing.lines_of([declared] if declared else [])
        yield from _asked(one, lost)
        yield from deriving.questions(made)
        yield from deriving.select(one, made)
    else:
        yield f"[{where}]"
        yield from writing.lines_of([*settings, *([declared] if declared else [])])
        yield f"\n[{where}.columns]"
        attributes = writing.attributes_of(one)
        yield from _asked(one, lost)
        yield from writing.columns(one, attributes)
        yield from writing.left_out(one, attributes.values())
    yield from writing.value_words(where, deciding.values(one))


def _asked(one: Proposal, lost: Sequence[str]) -> Iterator[str]:
    yield from writing.rivals(one)
    vat = deciding.vat_question(one)
    if vat:
        yield from writing.wrapped(f"{QUESTION} {vat}")
    for name in lost:
        yield from writing.wrapped(
            f"{QUESTION} which column is {name}? {one.table.name} must have it, and none was found."
        )


def _raw(group: Group, settings: Sequence[deciding.Setting], raws: set[str]) -> Iterator[str]:
    """The file that SQL reads, once."""
    name = deriving.raw_name(group)
    if name not in raws:
        raws.add(name)
        yield f"[raw.{name}]"
        yield from writing.lines_of([each for each in settings if each.key not in _OF_VALUES])


def _flat(engine: Engine, chosen: Sequence[Proposal], raws: set[str]) -> Iterator[str]:
    """Customers and products that only the order lines name."""
    lines = next((one for one in chosen if one.table.name == "order_lines"), None)
    for one in deriving.within(engine, lines, chosen) if lines else ():
        yield f"\n# ---- {one.table.name}: one row per {one.table.grain}, out of the lines ----"
        yield from _raw(one.group, deciding.reading(engine, one), raws)
        yield f"\n[sources.{one.table.name}]"
        yield f'key = ["{one.matches[0].column}"]'
        yield from deriving.distinct(one)


def _without_lines(chosen: Sequence[Proposal]) -> Iterator[str]:
    if not any(one.table.name == "order_lines" for one in chosen):
        yield "\n# ---- order_lines: one row per order line ----"
        yield from writing.wrapped(
            f"{QUESTION} which file holds the order lines? None looks like it, and without them "
            "nothing can be said. They need an order, a day, a quantity and a net amount."
        )
        yield "[sources]"


def _without_rates(chosen: Sequence[Proposal]) -> Iterator[str]:
    given = {one.table.name: one for one in chosen}
    asked = deciding.rates_question(given["order_lines"]) if "order_lines" in given else ""
    if asked and "rates" not in given:
        yield "\n# ---- rates: one row per currency and day ----"
        yield from writing.wrapped(f"{QUESTION} {asked}")


def _rest(rest: Sequence[Look], groups: Sequence[Group], unlooked: Sequence[str]) -> Iterator[str]:
    if rest or unlooked:
        yield "\n# ---- Files that no table was made from ----"
    near = {one: nearly(group) for group in groups for one in group.looks if one in rest}
    for one in rest:
        yield from writing.unused(one, near.get(one))
    if unlooked:
        yield from writing.wrapped(f"Not CSV, XLSX, Parquet or SQLite: {first_few(unlooked, 10)}")


def _head(files: int, questions: int) -> Iterator[str]:
    yield from writing.wrapped(
        f"Proposed by segkit new from what it found ({files} files, sheets or tables). Beside "
        "each column stands how sure the proposal is (high, medium, low) and why."
    )
    yield from writing.wrapped(
        f"A line that begins with {QUESTION.rstrip(':')} asks what the data can't decide: put in "
        f"the answer, then delete that line. Open at first: {questions}."
    )
    yield ""


_CONTROLS = (
    "\n# ---- What the data must match ----",
    "# [controls]",
    "# net_revenue = { value = 41_830_112.00, tolerance_share = 0.005 }  # the client's own",
)
