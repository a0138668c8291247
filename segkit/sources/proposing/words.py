"""What a header says: its concepts, in five languages, by the lexicon."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

NAMES = {"pl": "Polish", "da": "Danish", "ro": "Romanian", "de": "German", "en": "English"}
LANGUAGES = tuple(NAMES)
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "æ": "a", "đ": "d", "ß": "s", "œ": "o"})
_DIGRAPHS = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a"))
#: A header written in one and read in another of these is read again as it was meant.
_PAGES = ("cp1250", "cp1252", "iso-8859-2", "cp852", "cp850")
#: Concepts that change what a header is about, so that it is not what the others say.
_TURNS = {"other": 0.1, "percent": 0.2, "vat": 0.3, "margin": 0.2, "name": 0.5, "gross": 0.5,
          "alternate": 0.6, "original": 0.4, "id": 0.75, "amount": 0.8, "company": 0.8,
          "period": 0.8, "kind": 0.7, "quantity": 0.7, "order": 0.7, "line": 0.7,
          "document": 0.8, "issued": 0.8, "invoice": 0.7, "customer": 0.7, "product": 0.7,
          "unit": 0.4, "year": 0.8}  # fmt: skip
_ELSE, _UNKNOWN = 0.5, 0.8
#: No word of a value is longer.
_LONGEST = 60


#: The concepts a word may stand for, each with the languages in which it does.
Meaning = dict[str, frozenset[str]]


@dataclass(frozen=True)
class Heard:
    """What a header says.

    Attributes
    ----------
    tokens
        For each word the concepts it may stand for.
    unknown
        Words the lexicon does not know.
    languages
        Languages in which the known words are written; none for names of ERP fields.
    """

    tokens: tuple[frozenset[str], ...]
    unknown: int
    languages: tuple[str, ...]


@cache
def lexicon() -> dict[str, Any]:
    """The lexicon as it is written."""
    return tomllib.loads(Path(__file__).with_name("lexicon.toml").read_text("utf-8"))


def fold(text: str) -> str:
    """`text` in lower case without accents; ``ae`` is ``ä``, ``aa`` is ``å``.

    Examples
    --------
    >>> fold("Wartość"), fold("Beløb"), fold("Fälligkeit"), fold("FAELLIGKEIT")
    ('wartosc', 'belob', 'falligkeit', 'falligkeit')
    """
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    for two, one in _DIGRAPHS:
        plain = plain.replace(two, one)
    return plain


def tokens(header: str) -> list[str]:
    """The folded words of a header; ``CustomerID`` and ``customer_id`` are two.

    Examples
    --------
    >>> tokens("CustomerID"), tokens("Nr zam."), tokens("NAME1"), tokens("Rabat %")
    (['customer', 'id'], ['nr', 'zam'], ['name'], ['rabat', '%'])
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", header)
    words = re.findall(r"[^\W\d_]+\d*|%", fold(apart))
    return [re.sub(r"(?<=[a-z])\d+$", "", word) for word in words]


@cache
def _vocabulary() -> dict[tuple[str, ...], Meaning]:
    """Words of a phrase = concept = languages."""
    found: dict[tuple[str, ...], dict[str, set[str]]] = {}
    for concept, by_language in lexicon()["words"].items():
        for language, phrases in by_language.items():
            for phrase in phrases.split(","):
                words = tuple(tokens(phrase.strip()))
                found.setdefault(words, {}).setdefault(concept, set()).add(language)
    return {
        words: {concept: frozenset(languages) for concept, languages in meant.items()}
        for words, meant in found.items()
    }


@cache
def _stems() -> dict[str, list[str]]:
    """Single words of four letters or more, the longest first, by their first two letters."""
    stems: dict[str, list[str]] = {}
    for words in _vocabulary():
        if len(words) == 1 and len(words[0]) >= 4:
            stems.setdefault(words[0][:2], []).append(words[0])
    return {
        start: sorted(words, key=lambda one: (-len(one), one)) for start, words in stems.items()
    }


@cache
def _silent() -> frozenset[str]:
    return frozenset(lexicon()["grammar"]["silent"].split())


@cache
def _is_ending(rest: str) -> bool:
    return rest in ("", *lexicon()["grammar"]["endings"].split())


@cache
def hear(header: str) -> Heard:
    """What `header` says; a damaged one is heard as it was meant."""
    heard = [_hear(one) for one in _readings(header)]
    return min(heard, key=lambda one: (one.unknown, not one.tokens))


def _readings(header: str) -> list[str]:
    """The header, and what it would be had its letters been read in another code page."""
    read = [header, header.casefold()]  # not every capital begins a word: USt-IdNr.
    for wrong, right in product(_PAGES, ("utf-8", *_PAGES)):
        if header.isascii() or wrong == right:
            continue
        try:
            again = header.encode(wrong).decode(right)
        except UnicodeError:
            continue
        if all(letter.isalnum() or letter.isascii() for letter in again):
            read.append(again)
    lost = re.sub(r"\w*(?:[?\ufffd]+\w*)+", _with_letters, header)
    return [*read, lost] if lost != header else read


def _with_letters(lost: re.Match[str]) -> str:
    """The known word behind one whose letters were lost, such as ``Ilo??``."""
    shape = "".join("[a-z]" if letter in "?\ufffd" else re.escape(letter) for letter in lost[0])
    known = [stem for stems in _stems().values() for stem in stems]
    found = [stem for stem in known if re.fullmatch(fold(shape), stem)]
    return min(found, default=lost[0])


def _hear(header: str) -> Heard:
    words = tokens(header)
    meant: list[Meaning] = []
    unknown, place = 0, 0
    while place < len(words):
        size, known = _longest(words[place:])
        meant += known or []
        unknown += known is None and len(words[place]) > 1
        place += size
    languages = [language for known in meant for language in _spoken(known)]
    return Heard(tuple(frozenset(known) for known in meant), unknown, tuple(languages))


def _longest(words: list[str]) -> tuple[int, list[Meaning] | None]:
    """How many words the first phrase takes, and what it means; None where it is not known."""
    for size in (4, 3, 2, 1):
        known = _vocabulary().get(tuple(words[:size]))
        if known and size <= len(words):
            return size, [known]
    return 1, [] if words[0] in _silent() else _taken_apart(words[0]) or _mistyped(words[0])


def _spoken(known: Meaning) -> list[str]:
    spoken = {language for languages in known.values() for language in languages} - {"erp"}
    return sorted(spoken) if len(spoken) < 3 else []


def _taken_apart(word: str) -> list[Meaning] | None:
    """The meanings of the parts of an inflected or compound word, the longest part first."""
    for first in _stems().get(word[:2], ()):
        if word.startswith(first) and (parts := _parts(first, word[len(first) :])):
            return parts
    return None


def _parts(first: str, rest: str) -> list[Meaning] | None:
    """The meanings of a known beginning and the rest of its word."""
    known = _vocabulary()[(first,)]
    if _is_ending(rest):
        return [known]
    for cut in range(min(4, len(rest))):
        tail = rest[cut:]
        if _is_ending(rest[:cut]):
            ends = _vocabulary().get((tail,))
            parts = [ends] if ends else _taken_apart(tail) if len(tail) > 3 else None
            if parts:
                return [known, *parts]
    return [known] if len(rest) <= 2 and len(first) >= 5 else None


def _mistyped(word: str) -> list[Meaning] | None:
    """A word of six letters or more that differs in one of them from one that is known."""
    from rapidfuzz.distance import OSA

    if len(word) < 6:
        return None
    near = [
        stem
        for stems in _stems().values()
        for stem in stems
        if len(stem) >= 6 and OSA.distance(word, stem, score_cutoff=1) <= 1
    ]
    return [_vocabulary()[(min(near),)]] if near else None


@cache
def named(table: str, column: str) -> tuple[tuple[float, frozenset[str]], ...]:
    """The concepts that name a contract column, each with how well."""
    strong, _, weak = lexicon()["columns"][table].get(column, "").partition("|")
    return tuple(
        (base - 0.02 * place, frozenset(phrase.split()))
        for base, phrases in ((1.0, strong), (0.72, weak))
        for place, phrase in enumerate(filter(str.strip, phrases.split(",")))
    )


@cache
def name_score(header: str, table: str, column: str) -> float:
    """How well `header` names a contract column, from 0 to 1.

    Examples
    --------
    >>> name_score("Nr klienta", "customers", "customer_id")
    1.0
    """
    ours = re.search(r"\[(\w+)\]$", header)  # as our own data request writes it
    if ours or header.casefold() == column:
        return float((ours[1] if ours else column) == column)
    return _score(hear(header), named(table, column))


def heard(header: str, table: str, column: str) -> str:
    """What a header says about a contract column, in words.

    Examples
    --------
    >>> heard("Nr klienta", "customers", "customer_id")
    'Polish for customer id'
    """
    said = hear(header)
    meant = {concept for _, combo in named(table, column) for concept in combo}
    concepts = [min(token & meant or token) for token in said.tokens]
    ranked = sorted(dict.fromkeys(concepts), key=lambda one: (one == "id", concepts.index(one)))
    spoken_in = Counter(said.languages).most_common(2)
    clear = spoken_in and (len(spoken_in) == 1 or spoken_in[0][1] > spoken_in[1][1])
    language = NAMES[spoken_in[0][0]] if clear else ""
    return f"{language} for {' '.join(ranked)}" if language else f"says {' '.join(ranked)}"


@cache
def file_score(name: str, table: str) -> float:
    """How well the name of a file or sheet says that it holds `table`."""
    phrases = lexicon()["files"][table].split(",")
    combos = tuple((1.0, frozenset(phrase.split())) for phrase in phrases)
    return _score(hear(re.sub(r"\d+|\bq\d\b", " ", name)), combos)


def _score(heard: Heard, combos: tuple[tuple[float, frozenset[str]], ...]) -> float:
    return max((base * _fits(heard, combo) for base, combo in combos), default=0.0)


def _fits(heard: Heard, combo: frozenset[str]) -> float:
    """1 where the header says these concepts and nothing else."""
    covered = {place for place, token in enumerate(heard.tokens) if token & combo}
    if not all(any(concept in token for token in heard.tokens) for concept in combo):
        return 0.0
    if len(covered) < len(combo) or (combo == {"id"} and len(covered) < len(heard.tokens)):
        return 0.0  # the number of something else is not this table's own
    fit = _UNKNOWN**heard.unknown
    for place, token in enumerate(heard.tokens):
        if place not in covered:
            fit *= max(_TURNS.get(concept, _ELSE) for concept in token)
    return fit


@cache
def value_word(column: str, value: str) -> str | None:
    """The contract's word for a client's word; whole values only."""
    if len(value) > _LONGEST or column not in lexicon()["values"]:
        return None
    return _value_words(column).get(" ".join(re.findall(r"\w+", fold(value))))


@cache
def _value_words(column: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for ours, theirs in lexicon()["values"].get(column, {}).items():
        for word in theirs.split(","):
            found.setdefault(" ".join(re.findall(r"\w+", fold(word))), ours)
    return found


def spoken(headers: list[str]) -> list[tuple[str, int]]:
    """Languages by how many headers are written in them and not in all, the most first."""
    votes: dict[str, int] = dict.fromkeys(LANGUAGES, 0)
    for header in headers:
        for language in set(hear(header).languages):
            votes[language] += 1
    return sorted(votes.items(), key=lambda one: -one[1])


__all__ = [
    "LANGUAGES",
    "NAMES",
    "Heard",
    "file_score",
    "fold",
    "hear",
    "heard",
    "lexicon",
    "name_score",
    "spoken",
    "tokens",
    "value_word",
]
