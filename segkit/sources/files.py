"""Which client files a table is read from: only those below the allowed folders."""

from __future__ import annotations

import glob
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from segkit.engagement import Engagement, Source
from segkit.errors import EngagementError, SourceError, nearest
from segkit.sources.databases import database_file, rows_hash
from segkit.store import file_digest
from segkit.tables import CONTRACTS


@dataclass(frozen=True)
class File:
    """A client's file, and what it is called in tables and messages."""

    path: Path
    label: str


def files_of(engagement: Engagement, where: str, source: Source) -> tuple[File, ...]:
    """The files behind one source, sorted by name.

    Parameters
    ----------
    where
        The source's place in the engagement file, such as ``sources.order_lines``.

    Raises
    ------
    SourceError
        If there is no such file, or one lies outside the allowed folders.
    """
    if source.sql is not None:
        raise EngagementError(
            f"{where} is SQL, but raw sources are files.\nFix: give {where} its file."
        )
    pattern = database_file(source) if source.file is None else source.file
    if pattern is None:
        return ()
    allowed = _allowed_folders(engagement)
    for base in allowed:
        found = [File(base / name, Path(name).as_posix()) for name in _matches(base, pattern)]
        for file in found:
            if not _is_inside(file.path, allowed):
                raise _outside(where, file.label)
            check_opens(file)
        if found:
            return tuple(found)
    if not any(_is_inside(base / _fixed_part(pattern), allowed) for base in allowed):
        raise _outside(where, pattern)
    raise _missing(engagement, where, pattern, allowed)


def unreadable(file: File, kind: str, error: object) -> SourceError:
    """The sentence for a file that its reader refuses, without the folder it lies in."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    said = said.replace(str(file.path), file.label)
    return SourceError(
        f"{file.label} cannot be read as {kind}: {said}.\n"
        "Fix: ask for the file again, or save it anew from the program that made it."
    )


def check_opens(file: File) -> None:
    """Refuse a file that one has no right to read."""
    try:
        with file.path.open("rb"):
            pass
    except OSError as error:
        raise SourceError(
            f"{file.label} cannot be opened: {error.strerror}.\n"
            "Fix: give yourself the right to read it."
        ) from None


def files_hash(engagement: Engagement, name: str) -> str:
    """The hash of all files behind the contract table `name`, and of what servers answer."""
    _check_tables(engagement)
    source = engagement.sources[name]
    told = [("", source.sql or source.query or "")]
    for where, one in behind(engagement, name).items():
        files = files_of(engagement, where, one)
        told += [(file.label, file_digest(file.path)) for file in files]
        journals = [file.path.with_name(f"{file.path.name}-wal") for file in files]
        told += [("journal", file_digest(path)) for path in journals if path.is_file()]
        if not files:
            told.append((where, rows_hash(where, one)))
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def behind(engagement: Engagement, name: str) -> dict[str, Source]:
    """The sources that are read for the contract table `name`: itself, or those its SQL names."""
    source = engagement.sources[name]
    if source.sql is None:
        return {f"sources.{name}": source}
    return {f"raw.{raw}": engagement.raw[raw] for raw in raw_names(source.sql, engagement.raw)}


def raw_names(sql: str, declared: object) -> list[str]:
    """Which of the declared raw files a SELECT names."""
    assert hasattr(declared, "__iter__")
    return [raw for raw in sorted(declared) if _names(sql, raw)]


def _names(sql: str, raw: str) -> bool:
    return re.search(rf'\braw"?\s*\.\s*"?{re.escape(raw)}\b', sql, re.IGNORECASE) is not None


def _allowed_folders(engagement: Engagement) -> list[Path]:
    folder = engagement.folder.resolve()
    root = (folder / engagement.data.root).resolve()
    return list(dict.fromkeys((folder, root)))


def _matches(base: Path, pattern: str) -> list[str]:
    try:
        if (base / pattern).is_file():
            return [pattern]
    except (OSError, ValueError):  # a name that no file can have
        return []
    if not glob.has_magic(pattern):
        return []
    names = glob.glob(pattern, root_dir=base, recursive=True)  # noqa: PTH207 - keeps the links
    real = [one for one in names if (base / one).is_file()]
    return sorted(one for one in real if not Path(one).name.startswith("~$"))


def _fixed_part(pattern: str) -> Path:
    """The part of a glob before its first wildcard."""
    parts = Path(pattern).parts
    wild = next((place for place, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return Path(*parts[:wild])


def _is_inside(path: Path, allowed: list[Path]) -> bool:
    try:
        real = path.resolve()  # a link is where it points to
    except (OSError, ValueError, RuntimeError):  # a ring of links, or a name that no file can have
        return False
    return any(real.is_relative_to(folder) for folder in allowed)


def _outside(where: str, name: str) -> SourceError:
    return SourceError(
        f"{where} reads {name}, which lies outside the engagement's folder and [data] root.\n"
        "Fix: put the file there, or set [data] root to the folder that holds it."
    )


def _missing(engagement: Engagement, where: str, pattern: str, allowed: list[Path]) -> SourceError:
    there = [
        one.relative_to(base).as_posix()
        for base in allowed
        for one in sorted((base / _fixed_part(pattern)).parent.glob("*"))
        if one.is_file() and one.is_relative_to(base)
    ]
    fix = "correct the name, or put the file there."
    if engagement.folder.name == "demo":
        fix = "write the demo's files with: segkit demo"
    return SourceError(
        f"{where} reads {pattern}, but there is no such file in the engagement's folder"
        f" or [data] root.{nearest(pattern, there)}\nFix: {fix}"
    )


def _check_tables(engagement: Engagement) -> None:
    if "order_lines" not in engagement.sources:
        raise EngagementError(
            "engagement.toml names no order lines, without which nothing can be said.\n"
            "Fix: add [sources.order_lines] with its file and columns."
        )
    for name in engagement.sources:
        if name not in CONTRACTS:
            raise EngagementError(
                f"engagement.toml sets sources.{name}, but segkit knows no table {name}."
                f"{nearest(name, CONTRACTS)}\nFix: correct the name, or delete the section."
            )
