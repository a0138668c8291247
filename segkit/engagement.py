"""The engagement file: what was agreed with the client before any number was computed."""

from __future__ import annotations

import csv
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from datetime import date
from datetime import date as Day  # noqa: N812 - a field is called date
from decimal import Decimal
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from segkit.errors import EngagementError, first_few, nearest
from segkit.frozen import FILE, Frozen, read_frozen
from segkit.language import Message, is_translated, listed, say, say_n

_SET_BY_US = {"folder", "frozen", "overrides", "questions"}
#: How a comment begins that asks what only the client can say; and a value that waits for it.
QUESTION, OPEN = "QUESTION:", "?"
Language = Literal["en", "da", "pl", "ro"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class _Agreed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Data(_Agreed):
    """Where the client's files may be read from, besides the engagement's own folder.

    Attributes
    ----------
    language
        The language of the client's words in `values`: pages in it show them as they are.
    """

    root: str = "."
    language: Language | None = None


class Source(_Agreed):
    """How one contract table is read: from files by name, or by one SELECT over raw files.

    Attributes
    ----------
    file
        Path or glob below the engagement's folder or ``[data] root``; several files make one table.
    sql
        One SELECT over ``raw.<name>``, each declared under ``[raw.<name>]``.
    database, query
        ``sqlite:<file>`` or ``postgresql://...``, secrets as ``${VARIABLE}``, and one SELECT.
    sheet
        Name or glob of a sheet, or several; left out, the first. Several make one table.
    header_row, header_rows
        The header's line, from 1, and how many rows it takes. 0: there is none, and the columns
        are called column_1, column_2 ...
    totals
        Words that begin a row of totals, which is no data; left out, the usual ones.
    columns
        Contract column = the client's own header. Left out, headers must be contract names.
    values
        Per contract column, the client's word = the contract's word.
    key
        Only a declared key makes a repeated row a duplicate.
    """

    file: str | None = None
    sql: str | None = None
    database: str | None = None
    query: str | None = None
    sheet: str | tuple[str, ...] | None = None
    header_row: int | None = Field(default=None, ge=0)
    header_rows: int | None = Field(default=None, ge=1, le=3)
    totals: tuple[str, ...] | None = None
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    quote: str | None = Field(default=None, max_length=1)
    decimal: Literal[".", ","] | None = None
    thousands: str | None = Field(default=None, max_length=1)
    date_format: str | None = None
    key: tuple[str, ...] = ()
    columns: Mapping[str, str] = Field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_files_sql_or_database(self) -> Self:
        if [self.file, self.sql, self.database].count(None) != 2:
            raise ValueError("needs either file, sql or database")
        if (self.database is None) != (self.query is None):
            raise ValueError("needs database and query together")
        if re.search(r"://[^/@:]*:(?!\$\{)[^@/]+@|password=(?!\$\{)", self.database or ""):
            raise ValueError("holds a password: write ${NAME} and set that variable")
        return self


class Control(_Agreed):
    """The client's own figure that the data must match.

    Attributes
    ----------
    period
        ``window``, ``all``, a year, a month (``2025-03``), a quarter (``2025-Q1``), or first and
        last day (``2025-01-15/2025-03-31``).
    measure
        What is totalled; left out, it is the control's name.
    table
        The table that is totalled.
    region
        Only rows of customers in this region.
    """

    value: Decimal
    tolerance_share: Decimal = Field(default=Decimal("0.005"), ge=0)
    period: str = "window"
    measure: str | None = None
    table: str = "order_lines"
    region: str | None = None

    @field_validator("period")
    @classmethod
    def _period_is_one(cls, value: str) -> str:
        if value not in ("window", "all") and days_of(value) is None:
            raise ValueError("is no period: write window, all, 2025, 2025-03, 2025-Q1 or two days")
        return value


def days_of(period: str) -> tuple[date, date] | None:
    """The first and the last day of a period as written; None where it is none.

    Examples
    --------
    >>> days_of("2024-Q1")
    (datetime.date(2024, 1, 1), datetime.date(2024, 3, 31))
    >>> days_of("2025-13")
    """
    months = re.fullmatch(r"(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?", period)
    try:
        if months is None:
            first, last = (date.fromisoformat(day) for day in period.split("/"))
            return (first, last) if first <= last else None
        year, quarter, month = (int(part) if part else 0 for part in months.groups())
        start, length = (3 * quarter - 2, 3) if quarter else (month, 1) if month else (1, 12)
        last_day = months_before(date(year, 12, 31), 13 - start - length)
        return date(year, start, 1), last_day
    except ValueError:
        return None


class AcceptedGap(_Agreed):
    """Why a gap to the client's own figure may stand, and who said so."""

    reason: str
    owner: str


class CheckLimits(_Agreed):
    """From which share of the money or rows it is about a check weighs, and what may stand.

    Attributes
    ----------
    stops
        From here on only the data audit is made, until `accept` says why it may stand.
    changes
        From here on it is a finding; below, a note.
    """

    stops: Decimal | None = Field(default=None, ge=0, le=1)
    changes: Decimal | None = Field(default=None, ge=0, le=1)
    accept: AcceptedGap | None = None


class Merge(_Agreed):
    """Two entries that were confirmed to be one customer, and by whom."""

    keep: str
    merge: str
    owner: str | None = None


class MergeMap(_Agreed):
    """The merge map as a run proposed it, with a yes where it was confirmed."""

    file: str


class Segmentation(_Agreed):
    """Which segments totals and targets use, and how they are found.

    Attributes
    ----------
    k
        Number of clusters; left out, the most stable number between `k_min` and `k_max`.
    within
        Never cluster across this attribute of the customer.
    rfm_scores
        ``ranks``: equal customers, equal scores, bins of nearly equal size. ``quantiles``: bins end
        one day, order or unit of currency above the quantiles, as the R package ``rfm`` has it.
    refit
        Find segments anew though some are frozen; ids stay where the match with those holds.
    hysteresis
        A customer leaves its frozen segment only at the second month end in a row that its rule
        says so, or when it is clearly past the cut.
    """

    primary: Literal["clusters", "rules", "rfm"] = "clusters"
    within: str | None = None
    k: int | None = Field(default=None, ge=2, le=12)
    k_min: int = Field(default=3, ge=2)
    k_max: int = Field(default=9, le=12)
    rfm_bins: int = Field(default=5, ge=3, le=10)
    rfm_scores: Literal["ranks", "quantiles"] = "ranks"
    refit: bool = False
    hysteresis: bool = True


class SegmentRule(_Agreed):
    """A segment by the client's own rule; see ``docs/rules.md`` for what a rule may say."""

    id: Identifier
    name: str = Field(min_length=1, max_length=80)
    where: str


class BuyingLogic(_Agreed):
    """How much each sign of a customer's buying logic weighs, and between which values it counts.

    Attributes
    ----------
    weights
        By indicator or index, and ``stated`` for what was asked; 1 where left out, 0 leaves it out.
    anchors
        By indicator, the values at which it is 0 and 100.
    scale
        The lowest and the highest score of ``needs``; left out, as found there.
    """

    weights: Mapping[str, Annotated[Decimal, Field(ge=0)]] = Field(default_factory=dict)
    anchors: Mapping[str, tuple[Decimal, Decimal]] = Field(default_factory=dict)
    scale: tuple[Decimal, Decimal] | None = None

    @field_validator("anchors")
    @classmethod
    def _anchors_differ(
        cls, value: Mapping[str, tuple[Decimal, Decimal]]
    ) -> Mapping[str, tuple[Decimal, Decimal]]:
        if same := [name for name, (none, full) in value.items() if none == full]:
            raise ValueError(f"of {same[0]} are one value; it needs two")
        return value


class Assumption(_Agreed):
    """A number that was judged, not counted, with its range and where it comes from."""

    id: Identifier
    value: Decimal
    low: Decimal | None = None
    high: Decimal | None = None
    unit: str | None = None
    text: str | None = None
    source: str
    owner: str | None = None
    date: Day | None = None


class Privacy(_Agreed):
    """Whether sellers appear by name; ``named`` needs the basis on which they may."""

    reps: Literal["coded", "named"] = "coded"
    basis: str | None = None

    @model_validator(mode="after")
    def _names_need_a_basis(self) -> Self:
        if self.reps == "named" and not (self.basis or "").strip():
            raise ValueError('names sellers without a basis: state it as basis = "..."')
        return self


class Targets(_Agreed):
    """The named gap on top of the base forecast, per segment or for all (``"*"``), in currency."""

    gaps: Mapping[str, Decimal] = Field(default_factory=dict)
    months: int = Field(default=12, ge=1, le=24)


class Engagement(_Agreed):
    """One engagement, typed and frozen. See ``docs/engagement.md`` for each key."""

    client: str = Field(min_length=1)
    as_of: date
    window_months: int = Field(default=24, ge=1, le=120)
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    country: str | None = None
    language: Language = "en"
    also_in: tuple[Language, ...] = ()
    words: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    engine: Literal["duckdb", "spark"] = "duckdb"
    consultant: str | None = None
    data: Data = Data()
    sources: Mapping[str, Source]
    raw: Mapping[str, Source] = Field(default_factory=dict)
    controls: Mapping[str, Control] = Field(default_factory=dict)
    accept_gap: AcceptedGap | None = None
    checks: Mapping[str, CheckLimits] = Field(default_factory=dict)
    merge: MergeMap | None = None
    merges: tuple[Merge, ...] = ()
    segmentation: Segmentation = Segmentation()
    segment_rules: tuple[SegmentRule, ...] = ()
    product_segment_rules: tuple[SegmentRule, ...] = ()
    buying_logic: BuyingLogic = BuyingLogic()
    assumptions: tuple[Assumption, ...] = ()
    privacy: Privacy = Privacy()
    targets: Targets = Targets()
    frozen: Frozen | None = None
    folder: Path = Field(default=Path(), exclude=True)
    overrides: tuple[str, ...] = ()
    questions: tuple[int, ...] = Field(default=(), exclude=True)

    @field_validator("client")
    @classmethod
    def _client_has_a_name(cls, value: str) -> str:
        if not slug_of(value):
            raise ValueError("needs at least one letter or digit")
        return value

    @field_validator("engine")
    @classmethod
    def _engine_is_installed(cls, value: str) -> str:
        if value == "spark" and not all(map(find_spec, ("pyspark", "sqlglot"))):
            raise ValueError("it is not installed; pip install 'segkit[spark]' does so")
        return value

    @property
    def own_words(self) -> dict[str, dict[str, str]]:
        """By language, the client's own word for each word of the contract or the engagement."""
        told: dict[str, dict[str, str]] = {one: {} for one in (self.data.language,) if one}
        for source in (*self.sources.values(), *self.raw.values()):
            for known in source.values.values():
                for own, word in known.items() if self.data.language else ():
                    told[self.data.language or ""].setdefault(word, own)
        for language, words in self.words.items():
            told[language] = {**told.get(language, {}), **words}
        return told

    @property
    def languages(self) -> tuple[Language, ...]:
        """The report's own language, and those it is rendered in once more."""
        return tuple(dict.fromkeys([self.language, *self.also_in]))

    @property
    def rescored_by(self) -> Frozen | None:
        """The frozen segments where they are used as they are; None where segments are found."""
        own_rules = self.segmentation.primary == "rules"
        return None if self.segmentation.refit or own_rules else self.frozen

    @property
    def not_yet(self) -> tuple[Message, ...]:
        """What was agreed and is not done yet, in sentences for the cover."""
        told = []
        if self.questions:
            told.append(
                say_n(
                    "Questions of the engagement file that are open: {n}, in line {lines}.",
                    "Questions of the engagement file that are open: {n}, in lines {lines}.",
                    len(self.questions), lines=first_few(self.questions),
                )
            )  # fmt: skip
        if english := [one for one in self.languages if not is_translated(one)]:
            told.append(
                say(
                    "Not translated yet, so the words are English and only numbers, dates and "
                    "money are written as the language wants: {languages}.",
                    languages=listed(english),
                )
            )
        return tuple(told)

    @field_validator("merges")
    @classmethod
    def _merges_end(cls, value: tuple[Merge, ...]) -> tuple[Merge, ...]:
        into = {one.merge: one.keep for one in value}
        if twice := sorted({one.merge for one in value if into[one.merge] != one.keep}):
            raise ValueError(f"merges {twice[0]} into two customers")
        for entry in into:
            _kept(into, entry)
        return value

    @cached_property
    def merged_into(self) -> dict[str, str]:
        """The customer that is kept, by each entry that was merged into it."""
        into = {one.merge: one.keep for one in self.merges}
        return {entry: _kept(into, entry) for entry in into}

    @property
    def slug(self) -> str:
        """The client's name as the name of a folder: plain ASCII, no path in it."""
        return slug_of(self.client)

    @property
    def minor_units(self) -> int:
        """How many minor units make one unit of the currency."""
        return int(10**self.decimals)

    @property
    def decimals(self) -> int:
        """Digits behind the decimal mark of the currency (2 for PLN, 0 for JPY)."""
        return {"JPY": 0, "HUF": 2, "ISK": 0, "KRW": 0}.get(self.currency, 2)

    @property
    def window_start(self) -> date:
        """The last day *before* the window, which is half-open: (window_start, as_of]."""
        return months_before(self.as_of, self.window_months)


def _kept(into: Mapping[str, str], entry: str) -> str:
    """Where `entry` ends, merged from one into the next."""
    passed = {entry}
    while (entry := into[entry]) in into:
        if entry in passed:
            raise ValueError(f"merges {entry} into itself")
        passed.add(entry)
    if entry in passed:
        raise ValueError(f"merges {entry} into itself")
    return entry


#: What stands beside a proposal that was confirmed, in any of the languages; or was not.
_YES = {"yes", "y", "x", "1", "true", "ja", "j", "tak", "t", "da", "d"}
_NO = {"", "no", "n", "0", "false", "nej", "nie", "nu"}


def _confirmed(folder: Path, file: str) -> list[dict[str, str]]:
    """The confirmed rows of a merge map, as a run wrote it or a spreadsheet saved it."""
    path = (folder / file).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise EngagementError(
            f"There is no merge map {file} in the engagement's folder.\n"
            "Fix: copy exports/merge_map.csv of a report beside the engagement file."
        )
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1250", "replace")  # the numbers are plain in any code page
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    rows = list(csv.DictReader(text.splitlines(), delimiter=delimiter))
    lacking = sorted({"keep", "merge", "confirmed"} - set(rows[0] if rows else ()))
    if rows and lacking:
        raise EngagementError(
            f"The merge map {file} lacks the column {lacking[0]}.\n"
            "Fix: keep the columns keep, merge and confirmed as the report wrote them."
        )
    for number, row in enumerate(rows, start=2):
        if (row["confirmed"] or "").strip().casefold() not in _YES | _NO:
            raise EngagementError(
                f"The merge map {file} says {row['confirmed']} in row {number}.\n"
                "Fix: write yes or no under confirmed; empty is no."
            )
    return [
        {"keep": row["keep"].strip(" '"), "merge": row["merge"].strip(" '"), **_owner(row)}
        for row in rows
        if row["confirmed"].strip().casefold() in _YES
    ]


def _owner(row: Mapping[str, str | None]) -> dict[str, str]:
    owner = (row.get("owner") or "").strip()
    return {"owner": owner} if owner else {}


def months_before(day: date, months: int) -> date:
    """The day `months` earlier; the last of a month stays the last of a month.

    Examples
    --------
    >>> months_before(date(2026, 3, 31), 1)
    datetime.date(2026, 2, 28)
    >>> months_before(date(2026, 2, 28), 2)
    datetime.date(2025, 12, 31)
    """
    from calendar import monthrange

    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    last = monthrange(year, month + 1)[1]
    is_last = day.day == monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if is_last else min(day.day, last))


def read_engagement(path: str | Path, overrides: tuple[str, ...] = ()) -> Engagement:
    """Read and check an engagement file.

    Parameters
    ----------
    path
        ``engagement.toml``, or the folder that holds it.
    overrides
        ``key=value`` pairs for a trial, such as ``segmentation.k=5``; the report names them.

    Raises
    ------
    EngagementError
        If the file is missing, is not TOML, or holds an unknown key or a wrong value.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "engagement.toml"
    if not path.is_file():
        raise EngagementError(
            f"No engagement file at {path}.\n"
            "Fix: give the path of an engagement.toml, or write the demo's with: segkit demo"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
        agreed = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EngagementError(
            f"{path.name} is not TOML that can be read: {error}.\nFix: mend that line."
        ) from None
    for override in overrides:
        _override(agreed, override)
    _refuse_open(path.name, agreed)
    asked = [
        number
        for number, line in enumerate(text.splitlines(), start=1)
        if line.lstrip("# \t").startswith(QUESTION) and line.lstrip().startswith("#")
    ]
    for key in sorted(_SET_BY_US & agreed.keys()):
        raise EngagementError(_unused(path.name, key, []))
    if isinstance(agreed.get("merge"), dict) and isinstance(agreed["merge"].get("file"), str):
        told = _confirmed(path.resolve().parent, agreed["merge"]["file"])
        agreed["merges"] = [*agreed.get("merges", ()), *told]
    try:
        made = Engagement.model_validate(
            {
                **agreed,
                "folder": path.resolve().parent,
                "frozen": read_frozen(path.resolve().parent),
                "overrides": overrides,
                "questions": asked,
            }
        )
    except ValidationError as error:
        raise EngagementError(_in_words(path.name, error)) from None
    _refuse_other_than_frozen(made)
    return made


def _refuse_other_than_frozen(made: Engagement) -> None:
    """Frozen rules mean what they meant only under the agreement they were found under."""
    if made.frozen is None or made.segmentation.refit:
        return
    pairs = (
        ("segmentation.primary", made.segmentation.primary, made.frozen.primary),
        ("segmentation.within", made.segmentation.within, made.frozen.within),
        ("window_months", made.window_months, made.frozen.window_months),
        ("currency", made.currency, made.frozen.currency),
    )
    for key, now, then in pairs:
        if now != then:
            raise EngagementError(
                f"{key} is {now or 'not set'}, and {FILE} was frozen with {then or 'none'}.\n"
                "Fix: set it back, try it with --set segmentation.refit=true, or freeze anew "
                "with: segkit freeze --refit ENGAGEMENT"
            )


def _refuse_open(name: str, agreed: dict[str, Any]) -> None:
    """A value that waits for an answer decides how a file is read: none is guessed."""
    waiting = [
        f"{section}.{table}.{key}"
        for section in ("sources", "raw")
        for table, keys in agreed.get(section, {}).items()
        if isinstance(keys, dict)
        for key, value in keys.items()
        if value == OPEN
    ]
    if waiting:
        raise EngagementError(
            f"{name} waits for an answer that decides how files are read: {first_few(waiting)}.\n"
            "Fix: the question above each names the values it can have; put in the right one."
        )


def _override(agreed: dict[str, Any], override: str) -> None:
    """Set one ``a.b=value`` in `agreed`; the value is read as TOML, else as text."""
    key, equals, value = override.partition("=")
    if not equals or not key.strip():
        raise EngagementError(
            f"--set {override} has no value.\n"
            "Fix: write --set key=value, such as --set segmentation.k=5"
        )
    *parents, last = key.strip().split(".")
    place = agreed
    for parent in parents:
        place = place.setdefault(parent, {})
        if not isinstance(place, dict):
            raise EngagementError(
                f"--set {override}: {parent} holds no further keys.\nFix: check the key."
            )
    try:
        place[last] = tomllib.loads(f"value = {value.strip()}", parse_float=Decimal)["value"]
    except tomllib.TOMLDecodeError:
        place[last] = value.strip()


def _in_words(name: str, error: ValidationError) -> str:
    first = error.errors()[0]
    where = [part for part in first["loc"] if isinstance(part, str)]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return _unused(name, key, where)
    if first["type"] == "missing":
        return f"{name} lacks {key}.\nFix: add the line."
    said = first["msg"].removeprefix("Value error, ")
    if isinstance(first["input"], dict):
        return f"{name}: {key} {said}.\nFix: correct the section."
    return f"{name}: {key} is {first['input']!s}: {said}.\nFix: correct the value."


def _unused(name: str, key: str, where: list[str]) -> str:
    hint = nearest(where[-1], _known_keys(where[:-1])) if where else ""
    return (
        f"{name} sets {key}, which segkit does not use.{hint}\n"
        "Fix: correct the key, or delete the line."
    )


def _known_keys(where: list[str]) -> list[str]:
    """The keys that may stand at `where` in the file."""
    model: Any = Engagement
    for part in where:
        field = getattr(model, "model_fields", {}).get(part)
        if field:  # else a name the consultant chose, such as a table's
            model = _model_of(field.annotation)
    return [key for key in getattr(model, "model_fields", {}) if key not in _SET_BY_US]


def _model_of(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _model_of(part)
        if found is not None:
            return found
    return None


def slug_of(name: str) -> str:
    """The name in plain ASCII, lower case, with hyphens: never a path.

    Examples
    --------
    >>> slug_of("Nordvik Handel A/S")
    'nordvik-handel-a-s'
    >>> slug_of("../Skovbæk Łódź")
    'skovbaek-lodz'
    """
    letters = {"æ": "ae", "ø": "o", "å": "a", "ł": "l", "ß": "ss", "đ": "d", "œ": "oe"}
    spelt = "".join(letters.get(letter, letter) for letter in name.casefold())
    ascii_only = unicodedata.normalize("NFKD", spelt).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:80]


def identifier(text: str) -> str:
    """`text` as an id or part of a column's name: ``[a-z][a-z0-9_]*``.

    Examples
    --------
    >>> identifier("Pielęgnacja twarzy"), identifier("50+")
    ('pielegnacja_twarzy', 'n50')
    """
    plain = slug_of(text).replace("-", "_")
    return plain if plain[:1].isalpha() else f"n{plain}"
