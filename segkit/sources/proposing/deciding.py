"""What the data can decide about a file and the engagement, and what must be asked."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from segkit.engagement import LANGUAGES, OPEN
from segkit.engine import Engine, literal, quoted
from segkit.errors import first_few
from segkit.sources.looking import LookedColumn
from segkit.sources.proposing.evidence import Facts, Group, number_sql, place_of, repeats
from segkit.sources.proposing.matching import Proposal, words_of
from segkit.sources.proposing.words import NAMES, hear, spoken, value_word

_COUNTRIES = {"pl": ("PL", "PLN"), "da": ("DK", "DKK"), "ro": ("RO", "RON"), "de": ("DE", "EUR")}
_SIGNS = {"zł": "PLN", "€": "EUR", "£": "GBP", "lei": "RON", "kr": "DKK", "$": "USD"}
#: A month with fewer lines than this share of the usual is no whole month.
_WHOLE_MONTH = 0.3


@dataclass(frozen=True)
class Setting:
    """One line of the engagement file.

    Attributes
    ----------
    value
        None where there is nothing to set, and only the question is written.
    question
        What only the client can say; the line is a proposal until then.
    """

    key: str
    value: str | int | date | tuple[str, ...] | None
    reason: str = ""
    question: str = ""


def reading(engine: Engine, one: Proposal) -> list[Setting]:
    """How the files of a table are read, as far as they say."""
    group = one.group
    first = group.looks[0]
    found = [Setting(name, told) for name, told in place_of(group.pattern, group.looks).items()]
    found[0] = replace(found[0], reason=_contents(group))
    if first.kind == "csv":
        found += [*_encoding(group), Setting("delimiter", first.delimiter)]
    if {look.header_row for look in group.looks} != {1}:
        found += _header(group)
    found += [*_decimal(engine, one), *_dates(engine, one)]
    return found


def _contents(group: Group) -> str:
    files = f"{len(group.looks)} files, " if len(group.looks) > 1 else ""
    return f"{files}{group.rows:,} rows"


def _encoding(group: Group) -> Iterable[Setting]:
    pages = {look.encoding for look in group.looks}
    if len(pages) > 1:
        return
    page = pages.pop().replace("-sig", "")
    unsure = next((look for look in group.looks if look.sure == "undecided"), None)
    asked = ""
    if unsure and not _is_heard(group):
        seen = next(
            (text for one in unsure.columns for text in (one.header, *one.examples)
             if not text.isascii()), "")  # fmt: skip
        asked = f"are these letters right: {seen}? If not, try cp1250, cp1252, iso-8859-2 or cp852"
    yield Setting("encoding", page, question=asked)


def _is_heard(group: Group) -> bool:
    """Whether a header whose letters could be read otherwise is a word that is known."""
    telling = [fact.header for fact in group.facts if not fact.header.isascii()]
    return any(hear(header).languages and not hear(header).unknown for header in telling)


def _header(group: Group) -> Iterable[Setting]:
    look = group.looks[0]
    above = f"above it: {look.titles[0]}" if look.titles else ""
    if len({one.header_row for one in group.looks}) == 1:
        none = "there is no header: the columns are called column_1, column_2 ..."
        yield Setting("header_row", look.header_row, above if look.header_row else none)
    if look.header_rows > 1:
        yield Setting("header_rows", look.header_rows)


def noted(group: Group) -> list[str]:
    """What is odd about the files and needs no answer."""
    told = []
    for look in group.looks:
        kinds = {kind for _, kind, _ in look.aside}
        for kind, said in (
            ("totals_row", "a row of totals, which is no data"),
            ("repeated_header", "the header once more"),
            ("unreadable_row", "not the header's fields"),
        ):
            if kind in kinds:
                line, _, text = next(one for one in look.aside if one[1] == kind)
                told.append(f"{look.file} line {line}: {said}: {text}")
        if look.trailing_delimiter:
            told.append(f"{look.file}: each line ends in a delimiter with nothing behind it")
        elif look.dropped:
            told.append(f"{look.file}: columns without name and values: {len(look.dropped)}")
        no_text = [column.header for column in look.columns if column.kind == "bytes"]
        if no_text:
            told.append(f"{look.file}: bytes that are no text, left out: {first_few(no_text)}")
        if look.repeated:
            told.append(f"{look.file}: the header {look.repeated[0]} stands more than once")
    return told[:6]


def _mapped(one: Proposal, *kinds: str) -> list[Facts]:
    """The facts of the mapped columns of these kinds that are read from text."""
    columns = {column.name: column.kind for column in one.table.columns}
    facts = [
        one.group.fact(match.header) for match in one.matches if columns[match.column] in kinds
    ]
    return [fact for fact in facts if one.group.types[fact.header] == "VARCHAR"]


def _decimal(engine: Engine, one: Proposal) -> Iterable[Setting]:
    facts = _mapped(one, "amount", "price", "number")
    marks = {mark for fact in facts for mark in _marks(one.group, fact)}
    decided = sorted(marks & {",", "."})
    if len(decided) == 2 and all(len(_marks(one.group, fact) - {""}) < 2 for fact in facts):
        return  # each column has its own, which the reader finds
    if len(decided) == 1:
        by = next(
            column
            for fact in facts
            for column in _columns(one.group, fact)
            if column.decimal == decided[0]
        )
        yield Setting(
            "decimal",
            decided[0],
            f'decided by "{by.header}": {by.telling}',
            _mixed(engine, one.group, facts, decided[0]),
        )
    elif marks - {""}:
        fact = next(fact for fact in facts if _marks(one.group, fact) - {""})
        values = _few(one.group, fact, "%.%", "%,%")
        told = [
            f"{name} reads a sum of {_sum(engine, one.group, fact, mark):,.2f}"
            for mark, name in ((",", 'decimal = ","'), (".", 'decimal = "."'))
        ]
        yield Setting(
            "decimal", OPEN, '"," or "."',
            f'"{fact.header}" holds numbers such as {values}, which can be read in two ways: '
            f"{' and '.join(told)}",
        )  # fmt: skip


def _columns(group: Group, fact: Facts) -> Iterator[LookedColumn]:
    """A column as each of the files has it."""
    for look in group.looks:
        yield from (column for column in look.columns if column.header == fact.header)


def _marks(group: Group, fact: Facts) -> set[str]:
    return {column.decimal for column in _columns(group, fact)}


def _mixed(engine: Engine, group: Group, facts: Sequence[Facts], mark: str) -> str:
    """The first column that holds numbers with the other mark, too."""
    other = "." if mark == "," else ","
    for fact in facts:
        if "undecided" not in _marks(group, fact):
            continue
        text = group.text(fact.header)
        shape = rf"^[^{mark}{other}]*\{other}(\d{{1,2}}|\d{{4,}})\D*$"
        rows, example = engine.connection.execute(
            f"SELECT count(*), min({text}) FROM ({group.relation}) "
            f"WHERE regexp_matches({text}, {literal(shape)})"
        ).fetchall()[0]
        if rows:
            return (
                f'what are the {rows:,} numbers of "{fact.header}" such as {example}? '
                f'decimal = "{mark}" can\'t read them'
            )
    return ""


def _few(group: Group, fact: Facts, *likes: str) -> str:
    return ", ".join(fact.look.examples[:2])


def _sum(engine: Engine, group: Group, fact: Facts, mark: str) -> float:
    found = engine.connection.execute(
        f"SELECT sum({number_sql(group, fact.header, mark)}) FROM ({group.relation})"
    ).fetchone()
    return float(found[0] or 0) if found else 0.0


def _dates(engine: Engine, one: Proposal) -> Iterable[Setting]:
    looked = [
        (fact, column)
        for fact in _mapped(one, "date")
        for look in one.group.looks
        for column in look.columns
        if column.header == fact.header and column.date_order
    ]
    orders = {column.date_order for _, column in looked}
    formats = {column.date_format for _, column in looked if column.date_order != "undecided"}
    decided = orders - {"undecided"}
    if len(decided) == 1 and formats and "" not in formats:
        by = next((f, c) for f, c in looked if c.date_order != "undecided" and c.date_format)
        if len(formats) == 1:
            yield Setting(
                "date_format",
                _percent(formats.pop()),
                f'decided by "{by[0].header}": {by[1].telling}',
            )
            return
    if orders <= {"dmy", "ymd"}:  # which are read whatever their marks
        return
    fact = looked[0][0]
    asked = f'"{fact.header}" holds dates such as {fact.look.examples[0]}, '
    if decided == {"mdy"} and orders == decided:
        yield Setting("date_format", "%m/%d/%Y", "the month stands first; its marks differ")
        return
    mark = next(letter for letter in fact.look.examples[0] if not letter.isdigit())
    ways = [way.replace("/", mark) for way in ("%d/%m/%Y", "%m/%d/%Y")]
    told = [f"{way} {_days(engine, one.group, fact, way)}" for way in ways]
    yield Setting(
        "date_format",
        OPEN,
        f'"{ways[0]}" or "{ways[1]}"',
        f"{asked}whose days and months could change places: {'; '.join(told)}",
    )


def _days(engine: Engine, group: Group, fact: Facts, way: str) -> str:
    """What dates read in one way would be."""
    found = engine.connection.execute(
        f"""
        SELECT min(d), max(d), avg(CAST(isodow(d) > 5 AS INT)), count(d) / count(*)
        FROM (SELECT CAST(try_strptime({group.text(fact.header)}, {literal(way)}) AS DATE) AS d
              FROM ({group.relation}) WHERE {group.text(fact.header)} IS NOT NULL)
        """
    ).fetchone()
    assert found is not None
    first, last, weekend, read = found
    told = f"reads {read:.0%} of them" if read < 1 else "reads them"
    return f"{told} as {first} to {last}, {weekend or 0:.0%} on weekends"


def _percent(told: str) -> str:
    """``dd.mm.yyyy`` as ``%d.%m.%Y``."""
    for theirs, ours in (("yyyy", "%Y"), ("yy", "%y"), ("mm", "%m"), ("dd", "%d")):
        told = told.replace(theirs, ours)
    return told


def key(engine: Engine, one: Proposal) -> Setting | None:
    """The declared key, only where no row repeats it."""
    names = one.table.key or ("order_id", "line_no")
    headers = [one.header(name) for name in names]
    given = [header for header in headers if header]
    if len(given) < len(names) or one.table.name == "events":
        return None
    times = repeats(engine, one.group, given)
    if not times:
        return Setting("key", names, "no row repeats it")
    many = f"{times:,} rows repeat" if times > 1 else "1 row repeats"
    asked = f"{many} {', '.join(given)} of another. "
    if one.table.key:
        return Setting("key", None, "", f"{asked}All but one of each are set aside: is that right?")
    declared = ", ".join(f'"{name}"' for name in names)
    asked += f"If each is one record twice: key = [{declared}]; if not, they all count"
    return Setting("key", None, "", asked)


def values(one: Proposal) -> dict[str, tuple[dict[str, str], list[str]]]:
    """Per contract column with words of its own: those recognised, and those that are not."""
    found = {}
    for match in one.matches:
        column = one.table.column(match.column)
        fact = one.group.fact(match.header)
        if column is None or not fact.words:
            continue
        vocabulary = words_of(one.table.name, column)
        known = {word: value_word(vocabulary, word) for word in fact.words}
        told = {word: ours for word, ours in known.items() if ours and ours != word}
        if told:
            found[match.column] = (told, [word for word, ours in known.items() if not ours])
    return found


# --- the engagement ---------------------------------------------------------------------------


def agreed(engine: Engine, name: str, told: str, found: Sequence[Proposal]) -> list[Setting]:
    """What stands at the top of the file: the client, the period, the money, the country."""
    headers = [fact.header for one in found for fact in one.group.facts]
    language = _language(headers)
    lines = next((one for one in found if one.table.name == "order_lines"), None)
    return [
        Setting("client", name, told),
        *_period(engine, lines),
        *_place(lines, language, headers),
    ]


def words_in(groups: Sequence[Group]) -> Iterable[Setting]:
    """The language of the client's own words, where pages can be in it."""
    code, _ = _language([fact.header for group in groups for fact in group.facts])
    if code in LANGUAGES and code != "en":
        yield Setting("language", code, "of the client's own words: pages in it show them")


def _language(headers: Sequence[str]) -> tuple[str, str]:
    votes = spoken([*headers])
    best, count = votes[0]
    if count < 2:
        return "en", "no header says more"
    return best, f"{count} headers are {NAMES[best]}"


def _period(engine: Engine, lines: Proposal | None) -> list[Setting]:
    header = lines.header("order_date") if lines else None
    months = _months(engine, lines, header) if lines and header else []
    if not months:
        return [
            Setting("as_of", date(2000, 1, 1), "",
                    "which is the last day that counts? No dates of orders were found"),
            Setting("window_months", 24, "how far the analysis looks back"),
        ]  # fmt: skip
    usual = sorted(rows for *_, rows in months)[len(months) // 2]
    whole = [one for one in months if one[2] >= _WHOLE_MONTH * usual]
    first, last = whole[0][0], whole[-1][1]
    end = last.replace(day=monthrange(last.year, last.month)[1])
    why = f"the orders end on {months[-1][1]}"
    if (end - last).days > 3 and len(whole) > 1:
        last = whole[-2][1]
        end = last.replace(day=monthrange(last.year, last.month)[1])
        why += "; this is the last whole month"
    span = (end.year - first.year) * 12 + end.month - first.month + 1
    window = 24 if span >= 24 else 12 if span >= 12 else max(span, 1)
    return [
        Setting("as_of", end, f"the last day that counts: {why}"),
        Setting("window_months", window, f"the orders begin on {months[0][0]}"),
    ]


def _months(engine: Engine, lines: Proposal, header: str) -> list[tuple[date, date, int]]:
    """First day, last day and rows of each month that holds orders."""
    column = lines.group.fact(header).look
    text = lines.group.text(header)
    ways = [_percent(column.date_format)] if column.date_format else []
    ways += ["%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d", "%Y%m%d", "%Y-%m-%d %H:%M:%S"]
    if lines.group.types[header] == "VARCHAR":
        tried = ", ".join(f"try_strptime({text}, {literal(way)})" for way in ways)
        tried += f", DATE '1899-12-30' + TRY_CAST({text} AS INTEGER)"
        day = f"CAST(coalesce({tried}) AS DATE)"
    else:
        day = f"TRY_CAST({quoted(header)} AS DATE)"
    return engine.connection.execute(
        f"SELECT min(d), max(d), count(*) FROM (SELECT {day} AS d FROM ({lines.group.relation})) "
        "WHERE d IS NOT NULL GROUP BY year(d), month(d) ORDER BY 1"
    ).fetchall()


def _place(
    lines: Proposal | None, language: tuple[str, str], headers: Sequence[str]
) -> Iterable[Setting]:
    code, why = language
    country, money = _COUNTRIES.get(code, (None, None))
    currency, because = _currency(lines, headers)
    asked = "" if currency else "in which currency are the amounts?"
    if not currency and money:
        currency, because, asked = money, f"the headers are {NAMES[code]}", ""
    yield Setting("currency", currency or "EUR", because, asked)
    if country:
        yield Setting(
            "country", country, f"whose working days count; the headers are {NAMES[code]}"
        )
    else:
        yield Setting("country", None, "", 'which country\'s working days count? country = ".."')
    shown = code if code in LANGUAGES else "en"
    yield Setting("language", shown, f"of the report: {', '.join(LANGUAGES)}; {why}")


def _currency(lines: Proposal | None, headers: Sequence[str]) -> tuple[str | None, str]:
    """The currency by its column, by signs beside the amounts, or by a header."""
    if lines is None:
        return None, ""
    column = lines.header("currency")
    words = lines.group.fact(column).words if column else {}
    for word in words:
        code = word if re.fullmatch("[A-Z]{3}", word) else value_word("currency", word)
        if code:
            return code, f'most lines of "{column}" say so'
    for match in lines.matches:
        for text in lines.group.fact(match.header).look.examples:
            for sign, code in _SIGNS.items():
                if match.column.endswith("amount") and sign in text.casefold():
                    return code, f'"{match.header}" holds {text}'
    for header in headers:
        for code in ("PLN", "EUR", "DKK", "RON", "USD", "GBP"):
            if re.search(rf"\b{code}\b", header):
                return code, f'the header "{header}" says so'
    return None, ""


def vat_question(one: Proposal) -> str:
    """Whether the amounts may hold VAT, where no header says that they are net."""
    header = one.header("net_amount")
    if one.table.name != "order_lines" or not header:
        return ""
    if any("net" in token for token in hear(header).tokens):
        return ""
    return f'is "{header}" without VAT and after discounts? Its header does not say'


def rates_question(one: Proposal) -> str:
    """What lines in other currencies need, where no file gives rates."""
    header = one.header("currency")
    if one.table.name != "order_lines" or not header:
        return ""
    rows: dict[str, int] = {}
    for word, count in one.group.fact(header).words.items():
        code = word if re.fullmatch("[A-Z]{3}", word) else value_word("currency", word) or word
        rows[code] = rows.get(code, 0) + count
    home, *others = rows
    if not others:
        return ""
    return (
        f"which rates turn {first_few(sorted(others))} into {home}? "
        f'"{header}" says so of {sum(rows[code] for code in others):,} lines: give [sources.rates] '
        "with currency, from_date and rate, or they are set aside"
    )
