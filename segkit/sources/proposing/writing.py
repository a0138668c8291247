"""The proposed engagement file as text: valid TOML whatever the client's headers hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from segkit.engagement import QUESTION
from segkit.sources.columns import WITH_ATTRIBUTES
from segkit.sources.looking import Look
from segkit.sources.proposing.deciding import Setting
from segkit.sources.proposing.matching import Match, Proposal
from segkit.sources.proposing.words import hear

_WIDTH = 100
_COMMENT_AT = 46


def quoted(text: str) -> str:
    r"""`text` as a TOML string on one line.

    Examples
    --------
    >>> print(quoted("a\nb\x7f"))
    "a\nb\u007F"
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    escaped = re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", _escape, escaped)
    return f'"{escaped}"'


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return "\\uFFFD" if code >= 0xD800 else f"\\u{code:04X}"


def comment(text: str) -> str:
    r"""`text` on one line, without what a TOML comment must not hold.

    Examples
    --------
    >>> comment("two\nlines\x00")
    'two lines'
    """
    return " ".join(re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", text).split())


def short(text: str, most: int = 60) -> str:
    """The client's words in a comment: all of them, or their beginning."""
    plain = comment(text)
    return plain if len(plain) <= most else plain[: most - 3] + "..."


def in_toml(value: object) -> str:
    """A value of a setting."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(in_toml, value))}]"
    return quoted(value) if isinstance(value, str) else str(value)


def name_of(key: str) -> str:
    """A TOML key, quoted where it must be."""
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else quoted(key)


def wrapped(text: str, first: str = "# ", rest: str = "#   ") -> Iterator[str]:
    """A comment over as many lines as it needs."""
    line = first
    for word in comment(text).split(" "):
        if len(line) + len(word) > _WIDTH and line.strip("# "):
            yield line.rstrip()
            line = rest
        line += word + " "
    yield line.rstrip()


def lines_of(settings: Iterable[Setting]) -> Iterator[str]:
    """The lines of settings, each below its question."""
    for one in settings:
        if one.question:
            yield from wrapped(f"{QUESTION} {one.question}")
        if one.value is not None:
            yield beside(f"{one.key} = {in_toml(one.value)}", one.reason)


def beside(line: str, told: str) -> str:
    """A line with its comment beside it."""
    return f"{line:<{_COMMENT_AT - 1}} # {comment(told)}" if told else line


def rivals(one: Proposal) -> Iterator[str]:
    """What to ask where two columns fit alike."""
    for match in one.matches:
        if match.rival:
            yield from wrapped(
                f'{QUESTION} is {match.column} "{short(match.header)}" or "{short(match.rival)}"? '
                "Both fit."
            )


def columns(one: Proposal, attributes: dict[str, str]) -> Iterator[str]:
    """The mapped columns, each with how sure it is and why."""
    headers = {fact.header.casefold() for fact in one.group.facts}
    for match in one.matches:
        is_first = f"{match.header} (2)".casefold() in headers  # of several of the same name
        header = f"{match.header} (1)" if is_first else match.header
        yield beside(f"{match.column} = {quoted(header)}", told(match))
    for name, header in attributes.items():
        yield beside(f"{name} = {quoted(header)}", "kept as the client's own attribute")


def told(match: Match) -> str:
    """How sure a column is, and why."""
    why = "; ".join(short(reason, 120) for reason in match.reasons)
    return f"{match.confidence}: {why}" if why else match.confidence


def left_out(one: Proposal, taken: Iterable[str]) -> Iterator[str]:
    """The columns that are not used, and the optional ones that nothing was found for."""
    used = {match.header for match in one.matches} | {*taken}
    rest = [short(fact.header, 40) for fact in one.group.facts if fact.header not in used]
    if rest:
        yield from wrapped(f"Not used: {', '.join(rest)}")
    mapped = {match.column for match in one.matches}
    missing = [column.name for column in one.table.columns if column.name not in mapped]
    if missing:
        yield from wrapped(f"No column was found for: {', '.join(missing)}")


def value_words(where: str, found: dict[str, tuple[dict[str, str], list[str]]]) -> Iterator[str]:
    """The client's words and ours, per column."""
    for column, (known, unknown) in found.items():
        yield f"\n[{where}.values.{name_of(column)}]"
        for theirs, ours in known.items():
            yield f"{quoted(theirs)} = {quoted(ours)}"
        if unknown:
            yield from wrapped(
                f"Kept as they are: {', '.join(short(word, 30) for word in unknown[:20])}"
            )


def attributes_of(one: Proposal) -> dict[str, str]:
    """Further columns of customers and products, by a name of their own."""
    from segkit.engagement import identifier

    if one.table.name not in WITH_ATTRIBUTES:
        return {}
    used = {match.header for match in one.matches}
    taken = {column.name for column in one.table.columns} | {
        "is_listed",
        "reason_kind",
        "file",
        "row",
    }
    found: dict[str, str] = {}
    for fact in one.group.facts:
        name = identifier(fact.header)[:40]
        if (
            fact.header in used
            or not 1 < fact.distinct <= 50
            or fact.kind not in ("text", "boolean")
        ):
            continue
        says_other = any("other" in token for token in hear(fact.header).tokens)
        if name not in taken and name not in found and not says_other:
            found[name] = fact.header
    return found


def unused(look: Look, near: Proposal | None) -> Iterator[str]:
    """A file that no table was made from, and why, or what it would be."""
    sheet = f" ({look.sheet})" if look.sheet and len(look.sheets) > 1 else ""
    what = look.problem or f"columns: {', '.join(look.headers)}"
    if near:
        pairs = ", ".join(f"{one.column} = {short(one.header, 40)}" for one in near.matches)
        what = f"much like {near.table.name} ({pairs})"
        if near.missing:
            what += f", but nothing is {' or '.join(near.missing)}"
    yield from wrapped(f"{look.file}{sheet}: {short(what, 300)}")
