"""The same customer listed twice: names without spelling and legal form, compared where they meet.

Pairs are sought only among neighbours: the same tax number, a rare word in common, or names next to
each other in an alphabetical list, read forwards or backwards. Two names whose digits differ are
the same only at one address under one tax number (shop 12 is not shop 13).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from segkit.evidence import judged
from segkit.language import say
from segkit.store import Given

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

#: A rare word is one that at most this many names hold.
_RARE = 20
#: How many neighbours in the alphabet a name is compared with, on one side.
_NEIGHBOURS = 3
#: A word that so few names hold tells who is meant.
_TELLING = 3
ALONE = judged(
    "audit.names_alike", 94.0, 90, 97, "points",
    say("Two names so alike, out of 100, may be one customer."),
)  # fmt: skip
SUPPORTED = judged(
    "audit.names_supported", 75.0, 70, 85, "points",
    say("Two names so alike may be one customer beside one address or tax number."),
)  # fmt: skip
#: Addresses less alike than this are two places.
_SAME_PLACE, _OTHER_PLACE = 85.0, 60.0

_LETTERS = str.maketrans(
    {"æ": "ae", "ø": "o", "å": "a", "ł": "l", "ß": "ss", "đ": "d", "œ": "oe", "ð": "d", "þ": "th"}
)
_FORMS = (
    r"sp(olka)? z ?o ?o|spolka z ograniczona odpowiedzialnoscia|sp(olka)? (j|jawna|k|komandytowa)"
    r"|s a|sa|s r l|srl|s c|sc|spa|sarl|sas|a s|as|aps|i s|ivs|k s|p s|amba|ab|oy|oyj|asa"
    r"|gmbh( (&|und|u)? ?co kg)?|mbh|ag|kg|ohg|ug|ev|ltd|limited|llc|llp|plc|inc|corp|co"
    r"|b v|bv|n v|nv|s r o|sro|d o o|doo|kft|zrt|ood|eood|phu|p h u|p p h u|pphu"
)
_FORM = re.compile(rf"(?:^|(?<= ))(?:{_FORMS})(?= |$)")


def plain(name: str) -> str:
    """A name without case, accents, punctuation and legal form.

    Examples
    --------
    >>> plain("DROGERIA „Żuraw” Sp. z o.o."), plain("Nordvik Handel A/S"), plain("S.C. Oțel S.R.L.")
    ('drogeria zuraw', 'nordvik handel', 'otel')
    """
    letters = name.casefold()
    if not letters.isascii():
        folded = unicodedata.normalize("NFKD", letters.translate(_LETTERS))
        letters = "".join(sign for sign in folded if not unicodedata.combining(sign))
    spaced = " ".join(re.sub(r"[^a-z0-9\u0370-\u052f]+", " ", letters).split())
    bare = " ".join(_FORM.sub(" ", spaced).split())
    return bare or spaced


def pairs(customers: pd.DataFrame) -> pd.DataFrame:
    """Pairs of rows that are worth comparing, as positions ``a`` < ``b``.

    `customers` has ``plain``, ``digits`` and ``tax``, empty where none is given.
    """
    import pandas as pd

    found = [_blocks(customers.loc[customers["tax"] != "", ["tax"]], 10), _rare_words(customers)]
    backwards = customers["plain"].str[::-1]
    for text in (customers["plain"], backwards):
        order = pd.DataFrame({"digits": customers["digits"], "text": text}).sort_values(
            ["digits", "text"], kind="stable"
        )
        at = order.index.to_numpy()
        found += [pd.DataFrame({"a": at[:-step], "b": at[step:]})
                  for step in range(1, _NEIGHBOURS + 1)]  # fmt: skip
    every = pd.concat(found, ignore_index=True)
    every = every.assign(a=every[["a", "b"]].min(axis=1), b=every[["a", "b"]].max(axis=1))
    return every.drop_duplicates().sort_values(["a", "b"], ignore_index=True)


def _rare_words(customers: pd.DataFrame) -> pd.DataFrame:
    words = customers["plain"].str.split().explode().dropna()
    words = words[(words.str.len() >= 3) & ~words.str.isdigit()]
    return _blocks((words + " " + customers["digits"].loc[words.index]).to_frame("word"), _RARE)


def _blocks(keys: pd.DataFrame, largest: int) -> pd.DataFrame:
    """All pairs of rows with the same key, where at most `largest` rows have it."""
    import pandas as pd

    key = keys.columns[0]
    given = keys.rename_axis("at").reset_index().drop_duplicates()
    size = given.groupby(key)["at"].transform("size")
    few = given[(size > 1) & (size <= largest)]
    both = few.merge(few, on=key, suffixes=("_a", "_b"))
    both = both[both["at_a"] < both["at_b"]]
    return pd.DataFrame({"a": both["at_a"], "b": both["at_b"]})


def alike(customers: pd.DataFrame) -> pd.DataFrame:
    """Pairs that seem to be one customer: ``a``, ``b``, ``score`` out of 100 and the ``reason``."""
    import numpy as np
    from rapidfuzz import fuzz, process

    met = pairs(customers)
    digits, tax = customers["digits"].to_numpy(), customers["tax"].to_numpy()
    at_a, at_b = met["a"].to_numpy(), met["b"].to_numpy()
    met = met[(digits[at_a] == digits[at_b]) | ((tax[at_a] != "") & (tax[at_a] == tax[at_b]))]
    a, b = met["a"].to_numpy(), met["b"].to_numpy()

    def compared(column: str) -> np.ndarray:
        text = customers[column].to_numpy()
        return np.asarray(
            process.cpdist(text[a].tolist(), text[b].tolist(), scorer=fuzz.token_sort_ratio),
            dtype="float64",
        )

    def both(column: str) -> np.ndarray:
        text = customers[column].to_numpy()
        return np.asarray((text[a] != "") & (text[b] != ""))

    def same(column: str) -> np.ndarray:
        text = customers[column].to_numpy()
        return np.asarray(both(column) & (text[a] == text[b]))

    met["score"] = compared("plain").round(1)
    place = compared("place")
    same_tax, same_place = same("tax"), both("place") & (place >= _SAME_PLACE)
    # a chain's outlets share name and tax number: only the address tells them apart
    apart = (both("tax") & ~same_tax) | (both("place") & (place < _OTHER_PLACE))
    apart |= both("region") & ~same("region") & ~same_tax
    apart |= same("chain") & ~same_place
    apart |= (digits[a] != digits[b]) & ~(same_tax & same_place)
    supported = (same_tax | same_place) & (met["score"] >= SUPPORTED)
    met["reason"] = np.select(
        [same_tax & same_place, same_tax, same_place],
        ["name, address and tax number", "name and tax number", "name and address"],
        "name",
    )
    told = (met["score"] >= ALONE).to_numpy(copy=True)
    told[told] = _is_telling(customers["plain"], a[told], b[told])
    return met[~apart & (supported | told)].reset_index(drop=True)


def _is_telling(names: pd.Series[str], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether two names alone can tell one customer: they share a word of few, or four words.

    John Smith and Jon Smith are two people; only a word that hardly anyone else has says more.
    """
    import numpy as np

    words = [frozenset(name.split()) for name in names]
    held = names.str.split().explode().value_counts()
    few = frozenset(held.index[held <= _TELLING])
    return np.array(
        [
            bool(words[x] & words[y] & few) or (words[x] == words[y] and len(words[x]) > 3)
            for x, y in zip(a.tolist(), b.tolist(), strict=True)
        ],
        dtype=bool,
    )


def groups(met: pd.DataFrame, count: int) -> list[int]:
    """The smallest position that each of `count` rows hangs together with by the pairs `met`."""
    first = list(range(count))

    def root(at: int) -> int:
        while first[at] != at:
            first[at] = first[first[at]]
            at = first[at]
        return at

    for a, b in zip(met["a"], met["b"], strict=True):
        low, high = sorted((root(a), root(b)))
        first[high] = low
    return [root(at) for at in range(count)]


def same_customer(given: Given) -> pd.DataFrame:
    """Each customer that seems to be listed before, beside the one that would be kept.

    Returns
    -------
    DataFrame
        ``keep``, ``keep_name``, ``merge``, ``merge_name``, ``score`` and ``reason`` (how alike
        they are), ``keep_amount`` and ``merge_amount`` (net revenue in the window) and ``money``:
        both, the kept one's counted once. The larger is kept, of equal ones the first by id.
    """
    customers = given.query(_CUSTOMERS)
    text = customers[["name", "address", "tax_number", "region", "parent_id"]].fillna("")
    customers = customers.assign(
        plain=text["name"].map(plain),
        place=text["address"].map({one: plain(one) for one in text["address"].unique()}),
        tax=text["tax_number"].str.replace(r"[^0-9A-Za-z]", "", regex=True).str.upper(),
        region=text["region"], chain=text["parent_id"],
    )  # fmt: skip
    customers["digits"] = customers["plain"].str.replace(r"\D+", " ", regex=True).str.strip()
    met = alike(customers)
    best = met.melt(["score", "reason"], ["a", "b"], value_name="at").sort_values(
        ["at", "score"], ascending=[True, False], kind="stable"
    ).drop_duplicates("at").set_index("at")  # fmt: skip
    customers["group"] = groups(met, len(customers))
    customers = customers.loc[best.index.sort_values()].join(best[["score", "reason"]])
    return _proposed(customers)


_CUSTOMERS = """
    SELECT customer_id, name, address, tax_number, region, parent_id,
           CAST(COALESCE(net_revenue, 0) AS BIGINT) AS amount
    FROM customers LEFT JOIN (
      SELECT customer_id, SUM(net_amount) AS net_revenue FROM window_lines GROUP BY customer_id
    ) AS sold USING (customer_id) ORDER BY customer_id"""


def _proposed(customers: pd.DataFrame) -> pd.DataFrame:
    ranked = customers.sort_values(
        ["group", "amount", "customer_id"], ascending=[True, False, True]
    )
    kept = ranked.drop_duplicates("group").set_index("group")
    merged = ranked[ranked.duplicated("group")]
    keeper = kept.loc[merged["group"]].reset_index(drop=True)
    merged = merged.reset_index(drop=True)
    counted = keeper["amount"].where(~merged["group"].duplicated(), 0)
    return keeper[["customer_id", "name"]].set_axis(["keep", "keep_name"], axis=1).assign(
        merge=merged["customer_id"], merge_name=merged["name"], score=merged["score"],
        reason=merged["reason"], keep_amount=keeper["amount"], merge_amount=merged["amount"],
        money=(merged["amount"] + counted).astype("int64"),
    )  # fmt: skip
