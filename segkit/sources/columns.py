"""Which of the client's headers is which contract column."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from segkit.engagement import Source
from segkit.errors import EngagementError, SourceError, nearest
from segkit.sources.dialects import folded
from segkit.sources.staging import Staged
from segkit.tables import Table

#: Tables whose further attributes are kept, for profiles and rules.
WITH_ATTRIBUTES = ("customers", "products")
_OURS = {"is_listed", "reason_kind", "file", "row"}


def mapped(table: Table, source: Source, staged: Staged) -> dict[str, str]:
    """Contract column (or further attribute) = header of the staged files.

    Raises
    ------
    EngagementError
        If the engagement maps a column that the contract does not have.
    SourceError
        If a mapped or required column is missing in the files.
    """
    _check_names(table, source, source.columns, "maps")
    _check_text(table, source, staged)
    if source.columns:
        found = {
            name: _header(table, staged, name, header) for name, header in source.columns.items()
        }
        _check_required(table, found, staged)
    else:
        found = _by_contract(table, staged)
    _check_names(table, source, source.values, "translates", known=found)
    _check_names(table, source, source.key, "has the key", known=found)
    if source.key and table.key and {*source.key} != {*table.key}:
        raise EngagementError(
            f"sources.{table.name} declares the key {', '.join(source.key)}, but a row of "
            f"{table.name} is identified by {', '.join(table.key)}.\nFix: delete key."
        )
    return found


def _check_names(
    table: Table,
    source: Source,
    names: Mapping[str, object] | Sequence[str],
    does: str,
    known: Mapping[str, str] | None = None,
) -> None:
    ours = [column.name for column in table.columns] if known is None else [*known]
    for name in names:
        if name in ours or (known is None and _is_attribute(table, name)):
            continue
        which = f"no column of {table.name}" if known is None else "not among its columns"
        raise EngagementError(
            f"sources.{table.name} {does} {name}, which is {which}.{nearest(name, ours)}\n"
            "Fix: correct the name, or delete the line."
        )


def _check_text(table: Table, source: Source, staged: Staged) -> None:
    wanted = {folded(one) for one in source.columns.values()} or {
        column.name for column in table.columns
    }
    for part in staged.parts:
        for header in part.no_text:
            if folded(header) in wanted:
                raise SourceError(
                    f"{part.file} holds bytes that are no text in its column {header}.\n"
                    "Fix: ask for the column as text, or leave it out."
                )


def _is_attribute(table: Table, name: str) -> bool:
    is_name = re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None
    return table.name in WITH_ATTRIBUTES and is_name and name not in _OURS


def _header(table: Table, staged: Staged, name: str, header: str) -> str:
    wanted = " ".join(header.split())
    by_folded = {one.casefold(): one for one in reversed(staged.headers)}
    first = wanted.removesuffix(" (1)")
    is_first = wanted != first and f"{first} (2)".casefold() in by_folded
    wanted = first if is_first else wanted
    found = wanted if wanted in staged.headers else by_folded.get(wanted.casefold())
    if found is None:
        raise SourceError(
            f"{staged.parts[0].file} has no column {header}, which the engagement maps to "
            f"{table.name}.{name}.{nearest(header, staged.headers)}\n"
            f"Fix: correct {name} under [{staged.where}.columns], or ask for the column."
        )
    if f"{found} (2)".casefold() in by_folded and not is_first:
        raise SourceError(
            f"{staged.parts[0].file} has the column {found} more than once.\n"
            f'Fix: under [{staged.where}.columns] say which is {name}: "{found} (1)" is the first, '
            f'"{found} (2)" the second.'
        )
    return found


def _check_required(table: Table, found: Mapping[str, str], staged: Staged) -> None:
    for name in table.required:
        if name not in found:
            free = [header for header in staged.headers if header not in found.values()]
            raise EngagementError(
                f"sources.{table.name} maps no column to {name}, which {table.name} must have."
                f"{nearest(name, free)}\n"
                f'Fix: add {name} = "the client\'s header" under [sources.{table.name}.columns].'
            )


def _by_contract(table: Table, staged: Staged) -> dict[str, str]:
    """The headers are contract names; what else a customer or product has is kept."""
    ours = {folded(one): one for one in reversed(staged.headers)}
    found = {one.name: ours[one.name] for one in table.columns if one.name in ours}
    for name in table.required:
        if name not in found:
            raise SourceError(
                f"{staged.parts[0].file} has no column {name}, which {table.name} must have."
                f"{nearest(name, staged.headers)}\n"
                f"Fix: map it under [sources.{table.name}.columns], or ask for the column."
            )
    return found | {
        name: name for name in staged.headers if name not in found and _is_attribute(table, name)
    }
