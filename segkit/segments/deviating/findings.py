"""What notebook 2 says of customers who move away from their segment, and what a seller is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from segkit.exhibits import Chart, Column, Exhibit, Finding, Note
from segkit.language import Message, Value, listed, say, say_n
from segkit.segments.deviating.signs import FALSE_SHARE
from segkit.segments.features import within
from segkit.segments.page import figure, money, read

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from segkit.workbook import Figure, Workbook

    Floats = npt.NDArray[np.float64]

_SOURCE = ("deviations", "behaviour")
_FEWEST = 5
#: Points of a chart for every customer that is not marked; more are not told apart.
_MOST_POINTS = 1_500
_HEADS: dict[str, tuple[Message, str, str | None]] = {
    "who": (say("Customer"), "text", None),
    "name": (say("Segment"), "message", None),
    "seller": (say("Seller"), "text", None),
    "expected": (say("Expected"), "money", "money"),
    "bought": (say("Bought"), "money", "money"),
    "gap_money": (say("Difference"), "money", "money"),
    "gap_from": (say("From"), "money", "money"),
    "gap_to": (say("To"), "money", "money"),
    "why": (say("What tells of it"), "message", None),
    "sign": (say("Sign"), "message", None),
    "customers": (say("Customers"), "customers", None),
    "tested": (say("Looked at"), "customers", None),
    "by_chance": (say("By chance, at most"), "customers", None),
    "revenue": (say("Net revenue of the window"), "money", None),
    "orders_shown": (say("Orders to be expected"), "number", None),
    "times": (say("Bought, as a share of what was to be expected"), "share", None),
}


# --- claims: pure functions of numbers ------------------------------------------------------------


def for_half(gaps: pd.Series[float]) -> int:
    """How many of the gaps, the largest first, make half of their sum.

    Examples
    --------
    >>> import pandas as pd
    >>> for_half(pd.Series([-50.0, -20, -20, -10]))
    1
    """
    sizes = gaps.abs().sort_values(ascending=False)
    return int((sizes.cumsum() < sizes.sum() / 2 - 1e-9).sum()) + 1 if len(sizes) else 0


def is_led_by_few(half: int, customers: int) -> bool:
    """Whether a quarter of the customers or fewer make half of it."""
    return customers >= 2 * _FEWEST and half <= customers / 4


def persistence(was: pd.Series[float], then: pd.Series[float]) -> tuple[float, float, float, int]:
    """How far one stretch's deviations are still there in the next; not-a-number of too few.

    Returns
    -------
    tuple
        The correlation, its 95 % interval (Fisher), and of how many customers.

    Examples
    --------
    >>> import pandas as pd
    >>> odd = pd.Series([1.0, -1.0] * 10)
    >>> [round(one, 2) for one in persistence(odd, odd * 2)]
    [1.0, 1.0, 1.0, 20]
    """
    import numpy as np

    both = was.notna() & then.notna()
    n, nothing = int(both.sum()), float("nan")
    if n < 4 * _FEWEST or was[both].std() == 0 or then[both].std() == 0:
        return nothing, nothing, nothing, n
    rho = float(np.corrcoef(was[both], then[both])[0, 1])
    z, half = np.arctanh(np.clip(rho, -0.999_999, 0.999_999)), 1.96 / np.sqrt(n - 3)
    return rho, float(np.tanh(z - half)), float(np.tanh(z + half)), n


def silent_by_chance(behaviour: pd.DataFrame) -> float:
    """How many customers would be overdue at any moment though nothing is wrong with them.

    Notes
    -----
    Gaps that follow a gamma distribution with the customer's own median and variation: the chance
    that the running gap is older than r is S(r; k + 1) − r / μ · S(r; k).
    """
    import numpy as np
    from scipy.stats import gamma

    rated = behaviour[behaviour["gap_cv"].notna() & (behaviour["gap_days"] > 0)]
    cv = rated["gap_cv"].to_numpy(np.float64).clip(0.1, 3)
    ratio, shape = np.maximum(1 + 2 * cv, 2), 1 / cv**2
    older = gamma.sf(ratio, shape + 1, scale=cv**2) - ratio * gamma.sf(ratio, shape, scale=cv**2)
    return float(np.clip(older, 0, 1).sum())


# --- sections -------------------------------------------------------------------------------------


def declining(book: Workbook) -> None:
    """Customers who fell behind their own segment by more than chance, the largest gap first."""
    known = _read(book)
    tested = known[known["p"].notna()]
    if tested.empty:
        book.show(
            Note(say("No customer is known for long enough to be held against its segment."),
                 "missing")
        )  # fmt: skip
        return
    found = _listed(tested, "down")
    count, worth, gap = _headline(book, "declining", found, len(tested))
    book.show(
        Finding(
            "segments.declining",
            say_n("{n} customer buys clearly less than its segment explains: {gap} missing in "
                  "{months} months",
                  "{n} customers buy clearly less than their segments explain: {gap} missing in "
                  "{months} months",
                  count, gap=gap, months=_months(known)),
            len(found) > 0,
            _how_sure(book, found, gap),
            otherwise=say("No customer falls behind its segment by more than chance explains"),
            otherwise_so_what=say("There is no decline to work on in particular."),
            money=gap.id,
            figures=(count.id, worth.id),
            action=say_n(
                "Ask the {n} shrinking customer for the reason, and note it in one word.",
                "Ask the largest of the {n} shrinking customers for the reason, and note each in "
                "one word.",
                count,
            ),
            owner=say("sales managers"),
            grade="C",
        )
    )  # fmt: skip
    if len(found):
        book.show(_list(book, "declining", found, _decliner_titles(found)))
        book.show(_ranges(book, found))
    book.show(_funnel(book, tested))


def growing(book: Workbook) -> None:
    """Customers who grow beyond their own segment by more than chance."""
    known = _read(book)
    tested = known[known["p"].notna()]
    if tested.empty:
        return
    found = _listed(tested, "up")
    count, worth, gap = _headline(book, "growing", found, len(tested))
    book.show(
        Finding(
            "segments.growing",
            say_n("{n} customer buys clearly more than its segment explains: {gap} more in "
                  "{months} months",
                  "{n} customers buy clearly more than their segments explain: {gap} more in "
                  "{months} months",
                  count, gap=gap, months=_months(known)),
            len(found) > 0,
            _of_growers(len(found)),
            otherwise=say("No customer grows beyond its segment by more than chance explains"),
            otherwise_so_what=say("Single good months are no growth yet; nobody is told apart."),
            money=gap.id,
            figures=(count.id, worth.id),
            action=say_n(
                "Ask the {n} growing customer what changed, and secure what it needs.",
                "Ask the {n} growing customers what changed, and secure what they need.",
                count,
            ),
            owner=say("sales managers"),
            grade="C",
        )
    )  # fmt: skip
    if len(found):
        titles = (
            say("Growth beyond the segment lies with a few customers"),
            is_led_by_few(for_half(found["gap"]), len(found)),
            say("Customers who grow beyond their segment, the largest difference first"),
        )
        book.show(_list(book, "growing", found, titles))


def _of_growers(customers: int) -> Message:
    """What follows from who grows: one customer has nothing in common with itself."""
    if customers == 1:
        return say(
            "It is one customer: ask what changed on its side, and whether service and stock keep "
            "up."
        )
    return say(
        "What they have in common is worth more than praise: ask what changed on their side, and "
        "whether service and stock keep up."
    )


def early_signs(book: Workbook) -> None:
    """Each sign by itself: how many show it, how many would by chance, and with what money."""
    import pandas as pd

    known = _read(book)
    rows = [
        ("has_shift", say("the last months stand apart from those before"), known["p"].notna()),
        ("has_slope", say("a steady fall or rise against the segment"), known["slope_z"].notna()),
        ("has_rhythm_break", say("silent for longer than its own rhythm explains"),
         known["gap_cv"].notna()),
        ("has_breadth_loss", say("still orders, but one category no longer"),
         known["orders_recent"] > 0),
        ("has_price_drift", say("its discount moves against the segment's"),
         known["discount_change"].notna()),
    ]  # fmt: skip
    made = []
    for flag, words, tested in rows:
        own = known[known[flag]]
        chance = FALSE_SHARE * len(own) if flag != "has_rhythm_break" else silent_by_chance(known)
        made.append(
            {
                "sign": words, "customers": len(own), "tested": int(tested.sum()),
                "by_chance": round(min(chance, len(own)), 1),
                "revenue": float(book.money(own["net_revenue"].sum())),
            }
        )  # fmt: skip
    frame = pd.DataFrame(made)
    surely = known[known["has_rhythm_break"] | known["has_breadth_loss"]]
    early = surely[surely["direction"] == ""]
    said = figure(book, "lists.early.customers", len(early), "customers", n=len(known),
                  grade="C", source=_SOURCE)  # fmt: skip
    book.show(
        _exhibit(
            book, "signs", (
                say_n("{n} customer is silent or lost a category before its trend tells of it",
                      "{n} customers are silent or lost a category before their trend tells of it",
                      said),
                len(early) > 0,
                say("No customer shows a sign that its trend does not tell of already"),
            ),
            say("Customers with each sign, and how many would show it by chance, {window}",
                window=book.window_text),
            frame, "sign customers tested by_chance revenue",
            n=len(known), rows_shown=10, grade="C",
            reading=say(
                "Signs are looked for one by one, and a customer may show several. By chance: with "
                "so many customers looked at some always stand out, and lists are cut so that at "
                "most {limit} of each are there for no reason; of the silent, as many as their own "
                "rhythm would make silent on any day.", limit=Value(FALSE_SHARE, "share"),
            ),
        )
    )  # fmt: skip
    _unguarded(book, known)
    _comes_back(book, known)


def _unguarded(book: Workbook, known: pd.DataFrame) -> None:
    """What a list without guard against chance would hold."""
    tested = known[known["p"].notna()]
    if tested.empty:
        return
    naive = figure(
        book, "lists.unguarded.by_chance", round(0.05 * len(tested)), "customers", n=len(tested),
        grade="C", source=_SOURCE,
    )  # fmt: skip
    count = figure(
        book, "lists.tested.customers", len(tested), "customers", n=len(known), source=_SOURCE
    )
    book.show(
        Note(
            say("Were each of the {tested} customers judged alone at the usual 5%, about {n} would "
                "be told apart by chance; that is why these lists are shorter.",
                tested=count, n=naive)
        )
    )  # fmt: skip


def _comes_back(book: Workbook, known: pd.DataFrame) -> None:
    """How much of a deviation is gone after as many months, with nobody doing anything."""
    rho, low, high, n = persistence(known["was_apart"], known["then_apart"])
    if rho != rho:
        book.show(
            Note(say("The records are too short to tell how much of a bad half-year comes back by "
                     "itself."), "missing")
        )  # fmt: skip
        return
    back = figure(
        book, "lists.comes_back", _up_to_one(1 - rho), "share", n=n, grade="C",
        low=_up_to_one(1 - high), high=_up_to_one(1 - low), source=_SOURCE,
    )  # fmt: skip
    stays = figure(book, "lists.correlation", round(rho, 6), "number", n=n, low=round(low, 6),
                   high=round(high, 6), grade="C", source=_SOURCE)  # fmt: skip
    book.show(
        Note(
            say("Who stood low in {months} months stood less low in the next {months}: the two go "
                "together by {rho} (correlation, {n} customers). So {back} of such a "
                "difference goes away by itself, and as much of a good spell. Whoever calls the "
                "customers of these lists will see that happen: to know what the calls did, leave "
                "some of the list uncalled and compare.",
                months=_months(known), rho=Value(rho, "number", stays.id, digits=2), n=n,
                back=back),
            "warning",
        )
    )  # fmt: skip


# --- lists and charts -----------------------------------------------------------------------------


def _how_sure(book: Workbook, found: pd.DataFrame, gap: Figure) -> Message:
    chance = figure(
        book, "lists.declining.by_chance", round(FALSE_SHARE * len(found), 1), "customers",
        n=len(found), grade="C", source=_SOURCE,
    )  # fmt: skip
    if chance.value < 1:
        return say(
            "Each is held against its own earlier months and what its segment did since, so that a "
            "season or a price list is nobody's decline. Chance would seldom put anyone here."
        )
    return say(
        "Each is held against its own earlier months and what its segment did since, so that a "
        "season or a price list is nobody's decline. Some {chance} of them at most are to be "
        "expected here by chance.",
        chance=Value(chance.value, "number", chance.id, digits=0),
    )


def _decliner_titles(found: pd.DataFrame) -> tuple[Message, bool, Message]:
    half = for_half(found["gap"])
    return (
        say_n("{n} customer makes half of what is missing: call it first",
              "{n} customers make half of what is missing: call them first", half),
        is_led_by_few(half, len(found)),
        say("Customers who fell behind their segment, the largest gap first"),
    )  # fmt: skip


def _list(
    book: Workbook, id: str, found: pd.DataFrame, titles: tuple[Message, bool, Message]
) -> Exhibit:
    """Whom to call, with reasons that a seller understands."""
    import pandas as pd

    frame = _in_money(book, found)
    words = book.engagement.own_words
    why: list[Any] = [reason(one, words) for one in frame.to_dict("records")]
    frame["why"] = pd.Series(why, index=frame.index, dtype=object)
    columns = "who name seller expected bought gap_money why"
    if frame["seller"].isna().all():
        columns = columns.replace(" seller", "")
    return _exhibit(
        book, id, titles,
        say("Net revenue of {months} months up to {last}, in {currency}",
            months=_months(found), last=_last(book, found), currency=Value(book.currency)),
        frame.head(500), columns, n=len(found), rows_shown=12, grade="C",
        reading=say(
            "Expected is what the customer bought a month before, moved as its segment moved "
            "since. A discount is held against the segment's; in brackets stands how many days "
            "usually lie between orders."
        ),
    )  # fmt: skip


def _ranges(book: Workbook, found: pd.DataFrame) -> Exhibit:
    """The largest gaps with the range that chance would leave."""
    frame = _in_money(book, found).head(10)
    clear = bool((frame["gap_to"] < 0).all())
    return _exhibit(
        book, "declining_ranges", (
            say("The largest gaps are gaps even where luck is granted"), clear,
            say("Some of the largest gaps could still be an unlucky spell"),
        ),
        say("Net revenue missing in {months} months, with 95% ranges", months=_months(found)),
        frame, "who gap_money gap_from gap_to",
        chart=Chart("intervals", x="gap_money", y="who", low="gap_from", high="gap_to",
                    reference=0.0, reference_label=say("as expected")),
        n=len(found), rows_shown=12, grade="C",
        reading=say(
            "The range is that of what would have been bought by chance, given how much customers "
            "of this size and segment vary. The far ones of a long list look worse than they are."
        ),
    )  # fmt: skip


def _funnel(book: Workbook, tested: pd.DataFrame) -> Exhibit:
    """Change beside size: small customers swing."""
    frame = _drawn(tested)
    marked = bool(frame["is_marked"].any())
    kept = figure(book, "lists.drawn.customers", len(frame), "customers", n=len(tested),
                  source=_SOURCE)  # fmt: skip
    subtitle = say(
        "Net revenue of {months} months up to {last} as a share of what was to be expected, "
        "{n} customers",
        months=_months(tested), last=_last(book, tested), n=kept,
    )  # fmt: skip
    return _exhibit(
        book, "funnel", (
            say("Small customers swing; those marked moved by more than swings explain"),
            marked, say("No customer moved by more than swings of its size explain"),
        ),
        subtitle, frame, "orders_shown times",
        chart=Chart("points", x="orders_shown", y="times", low="low", high="high",
                    accent="is_marked", log_x=True, log_y=True, reference=1.0,
                    reference_label=say("as expected")),
        n=len(tested), grade="C",
        reading=say(
            "The band is what chance makes of customers of each size, narrower for large ones. "
            "Marked customers inside it fell or rose steadily over the whole window instead. Half "
            "an order is added to both amounts, so that nothing bought can be drawn. Customers "
            "of whom less than one order was to be expected are left out."
        ),
    )  # fmt: skip


def _drawn(tested: pd.DataFrame) -> pd.DataFrame:
    """All marked customers and, by size, every so many of the others, with the band of chance."""
    import numpy as np
    from scipy.stats import norm

    own = tested[(tested["orders_expected"] >= 1) & (tested["revenue_expected"] > 0)]
    own = own.sort_values(["orders_expected", "customer_id"], ignore_index=True)
    value = own["revenue_expected"].astype("float64") / own["orders_expected"]
    above = own["revenue_recent"].clip(lower=0) + value / 2
    made = own[["customer_id"]].assign(
        orders_shown=own["orders_expected"],
        times=above / (own["revenue_expected"].astype("float64") + value / 2),
        is_marked=own["direction"] != "",
    )
    limit = tested.loc[tested["direction"] != "", "p"].max()
    far = float(norm.isf((0.001 if limit != limit else limit) / 2))
    spread = np.sqrt(1 / own["orders_expected"] + 0.02)
    error = own["usual_noise"].where(own["slope_z"].notna()) * (0.5 + 1.5708 / 6) ** 0.5
    usual = _smooth(own["orders_expected"].to_numpy(), error.fillna(spread).to_numpy())
    made["low"], made["high"] = np.exp(-far * usual), np.exp(far * usual)
    others = made.index[~made["is_marked"]]
    every = max(1, -(-len(others) // _MOST_POINTS))
    return made.loc[sorted({*others[::every], *made.index[made["is_marked"]]})]


def _smooth(size: Floats, error: Floats) -> Floats:
    """The usual error at each size, sizes sorted: medians of bands, joined on a log scale."""
    import numpy as np

    bands = np.array_split(np.arange(len(size)), max(1, min(12, len(size) // 10)))
    if not len(size):
        return error
    at = [np.log(np.median(size[band])) for band in bands]
    middle = np.minimum.accumulate([np.median(error[band]) for band in bands])
    return np.asarray(np.interp(np.log(size), at, middle), np.float64)


def reason(one: Mapping[Any, Any], words: Mapping[str, Mapping[str, str]]) -> Message:
    """Why a customer is on the list, in words that a seller checks against what he knows."""
    told: list[Message] = []
    now, expected = int(one["orders_recent"]), float(one["orders_expected"])
    falls = one["gap"] < 0
    if abs(now - expected) >= 0.2 * expected:
        told.append(
            say_n("{n} order, about {expected} expected",
                  "{n} orders, about {expected} expected",
                  now, expected=Value(round(expected), "number"))
        )  # fmt: skip
    elif one["has_shift"]:
        told.append(
            say("about as many orders, but smaller ones") if falls
            else say("about as many orders, but larger ones")
        )  # fmt: skip
    if one["has_slope"]:
        told.append(
            say("falls steadily") if falls
            else say("rises steadily")
        )  # fmt: skip
    if one["has_rhythm_break"]:
        told.append(
            say("silent for {days} days (usually {gap})",
                days=Value(one["recency_days"], "number"),
                gap=Value(round(one["gap_days"]), "number"))
        )  # fmt: skip
    if one["has_breadth_loss"]:
        told.append(say("no more {category}", category=within(str(one["lost_category"]), words)))
    if one["has_price_drift"]:
        told.append(
            say("higher discount than before") if one["discount_change"] > 0
            else say("lower discount than before")
        )  # fmt: skip
    if one["is_against_base"] and falls:
        told.append(say("its whole segment falls"))
    return say("{reasons}", reasons=listed(told or [say("bought less than expected")]))


def _read(book: Workbook) -> pd.DataFrame:
    """``deviations`` with what behaviour and segments tell of each customer, and its seller."""
    page = read(book)
    own = ["customer_id", "who", "name", "net_revenue", "recency_days", "gap_days", "gap_cv"]
    found = book.table("deviations").merge(page.customers[own], on="customer_id", validate="1:1")
    reps = book.table("customers").set_index("customer_id")["rep_id"]
    return found.assign(seller=found["customer_id"].map(reps).map(book.rep_names()))


def _listed(tested: pd.DataFrame, direction: str) -> pd.DataFrame:
    """One list, the largest difference first."""
    own = tested[tested["direction"] == direction]
    order = own["gap"].abs().sort_values(ascending=False, kind="stable").index
    return own.loc[order]


def _headline(
    book: Workbook, id: str, found: pd.DataFrame, tested: int
) -> tuple[Figure, Figure, Figure]:
    """How many, what they bought in the window, and how far from what was expected."""
    return (
        figure(book, f"lists.{id}.customers", len(found), "customers", n=tested, grade="C",
               source=_SOURCE),
        money(book, f"lists.{id}.net_revenue", int(found["net_revenue"].sum()), n=len(found),
              source=_SOURCE),
        money(book, f"lists.{id}.gap", abs(int(found["gap"].sum())), n=len(found), grade="C",
              source=_SOURCE),
    )  # fmt: skip


def _in_money(book: Workbook, found: pd.DataFrame) -> pd.DataFrame:
    columns = {
        "expected": "revenue_expected", "bought": "revenue_recent", "gap_money": "gap",
        "gap_from": "gap_low", "gap_to": "gap_high",
    }  # fmt: skip
    return found.assign(**{name: book.money(found[of]) for name, of in columns.items()})


def _months(known: pd.DataFrame) -> Value:
    return Value(int(known["months_recent"].iloc[0]), "number")


def _last(book: Workbook, known: pd.DataFrame) -> Value:
    from datetime import date

    month = int(known["last_month"].iloc[0])
    return Value(date(month // 12, month % 12 + 1, 1), "month")


def _up_to_one(value: float) -> float:
    return round(min(max(value, 0.0), 1.0), 6)


def _exhibit(
    book: Workbook, id: str, titles: tuple[Message, bool, Message], subtitle: Message,
    data: pd.DataFrame, columns: str, **more: Any,
) -> Exhibit:  # fmt: skip
    claim, holds, otherwise = titles
    shown = []
    for name in columns.split():
        label, unit, like = _HEADS[name]
        shown.append(Column(name, label, book.currency if unit == "money" else unit, like=like))
    return Exhibit(
        f"segments.{id}", claim, bool(holds), otherwise, subtitle, data, tuple(shown),
        ("deviations", "segments"), book.engagement.as_of, **more,
    )  # fmt: skip
