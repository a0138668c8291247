"""What notebook 2 says of buying logic: how customers decide, and whom we sell to otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segkit.evidence import SEED, agreed_range, judged
from segkit.exhibits import Chart, Finding, Note
from segkit.language import Message, Value, listed, say, say_n
from segkit.segments.buying.agreement import RELIABLE, TENTATIVE
from segkit.segments.buying.indices import CUT, MARGIN, UNDECIDED
from segkit.segments.buying.matching import called_for, can_carry, mismatch
from segkit.segments.buying.page import (
    DEEDS,
    INDEX_NAMES,
    ITEM_NAMES,
    WORDS,
    Known,
    exhibit,
    fact,
    order_of,
    read,
    sold_by,
    telling,
    too_little,
)
from segkit.segments.page import figure, money, part

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Figure, Workbook

_SOURCE = ("buying_logic", "behaviour")
_MATTERS = judged(
    "buying.matters", 0.01, 0.005, 0.03, "share",
    say("A mismatch of selling is worth a page from this part of net revenue on."),
)  # fmt: skip
_FAR_APART = judged(
    "buying.far_apart", 40, 30, 50, "number",
    say("Word and deed contradict each other from so many points of an index on."), table="needs",
)  # fmt: skip
_SCORE_APART = judged(
    "buying.score_apart", 0.5, 0.25, 1.0, "number",
    say("Sellers score otherwise than customers from so much of the scale on."), table="needs",
)  # fmt: skip
_FEWEST, _DEALT = 5, 20


# --- claims: pure functions of numbers ------------------------------------------------------------


def matters(customers: int, money_share: float) -> bool:
    """Whether a group is large enough to be told of."""
    return customers >= _FEWEST and money_share >= _MATTERS


def contradicts(now: pd.Series[float], stated: pd.Series[float]) -> pd.Series[bool]:
    """Whether behaviour and wish lie far apart, on two sides of the cut."""
    high, low = CUT + MARGIN, CUT - MARGIN
    sides = (now >= high) & (stated <= low) | (now <= low) & (stated >= high)
    return sides & ((now - stated).abs() >= _FAR_APART)


def is_apart(low: float, high: float) -> bool:
    """Whether sellers score surely, and by half a point or more, otherwise than customers."""
    return low * high > 0 and abs(low + high) / 2 >= _SCORE_APART


# --- how they decide ------------------------------------------------------------------------------


def how_they_decide(book: Workbook) -> None:
    """Who buys by advice, who by transaction, and what decides."""
    known = read(book)
    if not known.is_told:
        too_little(book)
        return
    sizes = {side: _size(book, known, "logic", side) for side in ("consultative", UNDECIDED)}
    (advised, worth), (open_, _) = sizes["consultative"], sizes[UNDECIDED]
    book.show(
        Finding(
            "segments.buying.logic",
            say_n("{n} customer buys in a consultative way, and brought in {worth}",
                  "{n} customers buy in a consultative way, and brought in {worth}",
                  advised, worth=worth),
            matters(advised.value, _of(worth.value, book.money(known.revenue))),
            say_n("They let us work with them and buy what is made for them; the others take "
                  "standard goods or look at the price. {n} customer is undecided: the records do "
                  "not tell.",
                  "They let us work with them and buy what is made for them; the others take "
                  "standard goods or look at the price. {n} customers are undecided: the records "
                  "do not tell.", open_),
            otherwise=say("Hardly anyone buys in a consultative way, as far as records tell"),
            otherwise_so_what=say("Ask before concluding: who was only ever offered standard goods "
                                  "looks like a buyer of standard goods."),
            money=worth.id, figures=(advised.id, open_.id), grade="C",
        )
    )  # fmt: skip
    book.show(_sides_exhibit(book, known), _deciders_exhibit(book, known))
    book.show(
        Note(
            say(
                "Behaviour reflects how we served: a customer that was only ever offered price "
                "looks like a price buyer. So current behaviour and stated wish are kept apart, "
                "and neither is told as a cause."
            )
        )
    )


def _size(book: Workbook, known: Known, column: str, value: str) -> tuple[Figure, Figure]:
    own = known.customers[known.customers[column] == value]
    id = f"buying.{column}.{value}"
    n = len(known.customers)
    count = figure(book, f"{id}.customers", len(own), "customers", n=n, grade="C", source=_SOURCE)
    worth = money(
        book, f"{id}.net_revenue", int(own["net_revenue"].sum()), n=n, grade="C", source=_SOURCE
    )
    return count, worth


def _sides_exhibit(book: Workbook, known: Known) -> Any:
    """Customers on either side of each index and of both together; the undecided in grey."""
    import pandas as pd

    rows = {
        say("Standard | customised"): ("offer", "standard", "customised"),
        say("Orders by itself | works with us"): ("working", "unwilling", "willing"),
        say("Transactional | consultative, by behaviour"): (
            "logic_now", "transactional", "consultative",
        ),
        say("Transactional | consultative, as stated"): (
            "logic_stated", "transactional", "consultative",
        ),
        say("Transactional | consultative, together"): ("logic", "transactional", "consultative"),
    }  # fmt: skip
    sides = (say("Named first"), WORDS[UNDECIDED], say("Named second"))
    parts = []
    for label, (column, first, second) in rows.items():
        own = known.customers
        own = own[own["is_asked"]] if column == "logic_stated" else own
        if own.empty:
            continue
        for side, value in zip(sides, (first, UNDECIDED, second), strict=True):
            count = int((own[column] == value).sum())
            told = {"reading": label, "side": side, "share": count / len(own), "customers": count}
            parts.append({**told, "is_told": value != UNDECIDED})
    frame = pd.DataFrame(parts)
    last = frame[frame["reading"] == label]
    most = last["side"].iloc[int(last["share"].argmax())]
    return exhibit(
        book, "sides", (
            say("Most customers buy in a transactional way"),
            most == sides[0] and float(last["share"].max()) > 0.5,
            say("Ways of buying are mixed, or the records do not tell them"),
        ),
        say("Share of customers by the side on which their index lies, {window}",
            window=book.window_text),
        frame, "reading side share customers",
        chart=Chart("stacked", x="share", y="reading", series="side", accent="is_told"),
        n=len(known.customers), rows_shown=30,
        reading=say(
            "Each row names its two sides. An index runs from 0 to 100; nearer than {margin} "
            "points to {cut}, or with a range across it, the customer is undecided. What was "
            "stated is of those asked only.",
            margin=Value(MARGIN, "number", digits=0), cut=Value(CUT, "number", digits=0),
        ),
    )  # fmt: skip


def _deciders_exhibit(book: Workbook, known: Known) -> Any:
    import pandas as pd

    names = ("price", "performance", "delivery", UNDECIDED)
    own = known.customers.groupby("decides")
    counts, sums = own.size(), own["net_revenue"].sum()
    frame = pd.DataFrame(
        {
            "decides": [WORDS[name] for name in names],
            "customers": [int(counts.get(name, 0)) for name in names],
            "money": book.money(pd.Series([int(sums.get(name, 0)) for name in names])),
            "is_led": [name == "price" for name in names],
        }
    )
    price, told = int(counts.get("price", 0)), int(counts.drop(UNDECIDED, errors="ignore").sum())
    return exhibit(
        book, "deciders", (
            say("Where records tell what decides, it is mostly price"),
            price > told / 2,
            say("Records do not show price to decide for most customers"),
        ),
        say("Net revenue of customers by what decides their purchases, {window}",
            window=book.window_text),
        frame, "decides customers money",
        chart=Chart("bars", x="money", y="decides", accent="is_led"), n=len(known.customers),
        reading=say(
            "An index decides that is above both others by {margin} points even at its lowest, and "
            "rests on two signs or was stated. One sign alone leaves a customer undecided.",
            margin=Value(MARGIN, "number", digits=0),
        ),
    )  # fmt: skip


def signs_used(book: Workbook) -> None:
    """Every sign with its anchors and weight, and how many customers it is known of."""
    import pandas as pd

    known = read(book)
    rows = [
        {
            "label": one.label,
            "index": INDEX_NAMES[one.index],
            "from_value": _written(one.none, one.unit),
            "to_value": _written(one.full, one.unit),
            "weight": one.weight,
            "known": float(known.customers[one.id].notna().mean()),
        }
        for one in sorted(known.used, key=lambda one: order_of(one.index))
    ]
    book.show(
        exhibit(
            book, "signs", (
                say("Each index rests on signs that anyone can look up"),
                bool(rows),
                say("The records hold no sign of buying logic"),
            ),
            say("Signs, the values at which they count 0 and 100, and their weight, {window}",
                window=book.window_text),
            pd.DataFrame(rows), "index label from_value to_value weight known",
            n=len(known.customers), grade="D", rows_shown=30,
            reading=say(
                "In between, a sign grows evenly. Anchors and weights are judged, stand in the "
                "engagement file and are there to be argued with. What is unknown of a customer "
                "widens its index; it is never filled in with a mean."
            ),
        )
    )  # fmt: skip
    gone = [one.label for one in known.indicators if one not in known.used]
    if gone:
        book.show(Note(say("Not in these records, so in no index: {names}.", names=listed(gone))))


def _written(value: float, unit: str) -> Message:
    return say("{value}", value=Value(value, "share" if unit == "share" else "number"))


# --- raters ---------------------------------------------------------------------------------------


def raters(book: Workbook) -> None:
    """How far raters of the same customer agree, and what that leaves to be used."""
    if not book.has("needs"):
        book.without("needs")
        return
    found = book.table("buying_agreement")
    tested = found[found["verdict"] != "untested"]
    bad = tested[tested["verdict"] == "rewritten"]
    count = figure(book, "buying.rewritten", len(bad), "count", n=len(tested), source=("needs",))
    whole = figure(book, "buying.tested", len(tested), "count", source=("needs",))
    book.show(
        Finding(
            "segments.buying.raters",
            say("Raters do not agree on {n} of {all} questions: these are written anew, not used",
                n=count, all=whole),
            len(bad) > 0,
            say("On such a question the same customer gets another score from each who is asked, "
                "so no index rests on it. What customers said themselves is shown beside "
                "behaviour, as a reason to ask again."),
            otherwise=say("Raters agree well enough on each question that was tested to use it")
            if len(tested) else say("Nobody was rated by two, so no question is tested"),
            otherwise_so_what=say("Ask again each year: agreement is a property of people, too."),
            figures=(count.id, whole.id),
            action=say("Write the questions anew with examples for each score, and let seller and "
                       "manager score thirty customers blind before asking again."),
            owner=say("sales director"),
        )
    )  # fmt: skip
    _sellers_apart(book, found)
    book.show(_agreement_exhibit(book, found))
    _latent(book)


def _sellers_apart(book: Workbook, found: pd.DataFrame) -> None:
    """The question on which sellers and customers differ most."""
    known = found[found["seller_above"].notna()]
    if known.empty:
        return
    most = known.iloc[int(known["seller_above"].abs().argmax())]
    low, high = float(most["seller_above_low"]), float(most["seller_above_high"])
    points = figure(
        book, "buying.seller_above", round(float(most["seller_above"]), 2), "number",
        n=int(most["customers"]), low=round(low, 2), high=round(high, 2), source=("needs",),
    )  # fmt: skip
    name = ITEM_NAMES.get(most["item"], say("{item}", item=str(most["item"])))
    more = most["seller_above"] > 0
    claim = (
        say("Sellers believe in “{name}” more than customers do, by {points} points", name=name,
            points=points)
        if more
        else say("Sellers believe in “{name}” less than customers do, by {points} points",
                 name=name, points=points)
    )  # fmt: skip
    book.show(
        Finding(
            "segments.buying.sellers", claim, is_apart(low, high),
            say("The mean gap lies between {low} and {high} points. Who believes that it decides "
                "will offer it first.", low=Value(low, "number", digits=1),
                high=Value(high, "number", digits=1)),
            otherwise=say("Sellers score no question clearly otherwise than customers do"),
            otherwise_so_what=say(
                "Sellers are right on average; on single customers they may be off."
            ),
            figures=(points.id,),
        )
    )  # fmt: skip


def _agreement_exhibit(book: Workbook, found: pd.DataFrame) -> Any:
    named = {item: ITEM_NAMES.get(item, say("{item}", item=str(item))) for item in found["item"]}
    frame = found.assign(
        item=found["item"].map(named),
        verdict=found["verdict"].map(WORDS),
        both_customers=found["customers"],
    ).sort_values(["alpha", "both_customers"], ascending=False, ignore_index=True)
    good = found["verdict"].isin(["used", "tentative"])
    return exhibit(
        book, "agreement", (
            say("No question is read alike by all who are asked"), not good.any(),
            say("Some questions are read alike by all who are asked"),
        ),
        say("Krippendorff's alpha (ordinal) of all raters, and pairs with the same score"),
        frame, "item both_customers alpha same seller_above verdict",
        sources=("needs",), n=int(found["customers"].max()), grade="R",
        reading=say(
            "1 is agreement, 0 what chance gives. From {good} a question is used, from {fair} with "
            "reserve, below it is written anew.",
            good=Value(RELIABLE, "number", digits=2), fair=Value(TENTATIVE, "number", digits=3),
        ),
    )  # fmt: skip


def _latent(book: Workbook) -> None:
    """What answers show when groups are looked for blindly."""
    found = book.table("buying_classes")
    if found.empty:
        book.show(Note(say("Too few customers answered four questions for latent classes.")))
        return
    chosen = found[found["is_chosen"].astype(bool)].iloc[0]
    classes = figure(
        book, "buying.latent_classes", int(chosen["k"]), "count",
        n=int(chosen["customers"]), grade="C", source=("needs",),
    )  # fmt: skip
    book.show(
        exhibit(
            book, "classes", (
                say("Answers fall into {n} groups of customers", n=classes), chosen["k"] > 1,
                say("Answers alone fall into no groups: they do not back a split of customers"),
            ),
            say("Latent classes of the answers, each question important or not"),
            found.assign(is_chosen=found["is_chosen"].astype(bool)), "k bic entropy is_chosen",
            sources=("needs",), n=int(chosen["customers"]),
            reading=_latent_reading(chosen),
        )
    )  # fmt: skip


def _latent_reading(chosen: pd.Series[Any]) -> Message:
    if chosen["k"] == 1:
        return say(
            "A check of the indices that knows nothing of them. One class fits best: how a "
            "customer answers one question does not tell how it answers another."
        )
    return say(
        "A check of the indices that knows nothing of them. Chance gains as much with a "
        "probability of {p}; weighted kappa with the stated logic is {kappa}.",
        p=Value(float(chosen["p_value"]), "number", digits=2),
        kappa=Value(float(chosen["kappa"]), "number", digits=2),
    )


# --- mismatches -----------------------------------------------------------------------------------


def map_of_mismatches(book: Workbook) -> None:
    """The sale that customers call for beside the sale they get, and who gets the wrong one."""
    known = read(book)
    if not known.is_told:
        too_little(book)
        return
    if not any(one.index == "today" for one in known.used):
        book.show(
            Note(say("How customers are sold to today is not in the records: it takes the roles of "
                     "sellers, visits or quotes."), "missing")
        )  # fmt: skip
        return
    book.show(_over(book, known), _under(book, known), _map_exhibit(book, known))
    for kind in ("over", "under"):
        own = known.customers[known.customers["mismatch"] == kind]
        if len(own):
            book.show(_mismatch_list(book, known, own, kind))


def _counted(book: Workbook, known: Known, kind: str) -> tuple[Figure, Figure, bool]:
    """Customers and money of one mismatch; its range is that of who can carry a complex sale."""
    own = known.customers[known.customers["mismatch"] == kind]
    found = []
    for share in agreed_range(book.engagement, "buying.high_potential")[1:]:
        large = can_carry(known.customers["net_revenue"], share)
        needed = called_for(known.customers["logic"], known.customers["offer"], large)
        is_kind = mismatch(needed, known.customers["today"]) == kind
        found.append((int(is_kind.sum()), int(known.customers.loc[is_kind, "net_revenue"].sum())))
    (low, high), (least, most) = _ranges(found, own)
    more: dict[str, Any] = {"n": len(known.customers), "grade": "C", "source": _SOURCE}
    count = figure(
        book, f"buying.{kind}.customers", len(own), "customers", low=low, high=high, **more
    )
    revenue = int(own["net_revenue"].sum())
    worth = money(
        book, f"buying.{kind}.net_revenue", revenue,
        low=book.money(least), high=book.money(most), **more,
    )  # fmt: skip
    return count, worth, matters(len(own), _of(revenue, known.revenue))


def _ranges(
    found: list[tuple[int, int]], own: pd.DataFrame
) -> tuple[tuple[int, int], tuple[int, int]]:
    counts = [len(own), *(count for count, _ in found)]
    sums = [int(own["net_revenue"].sum()), *(worth for _, worth in found)]
    return (min(counts), max(counts)), (min(sums), max(sums))


def _over(book: Workbook, known: Known) -> Finding:
    count, worth, holds = _counted(book, known, "over")
    return Finding(
        "segments.buying.over",
        say_n("{n} customer gets a complex sale without calling for one; it brought in {worth}",
              "{n} customers get a complex sale without calling for one; they brought in {worth}",
              count, worth=worth),
        holds,
        say("They buy standard goods, by transaction, or too little to carry the effort. Whether "
            "less effort costs sales is not known: behaviour is how we served them. Depending on "
            "how much a customer must buy to carry a complex sale, they are {low} to {high}.",
            low=Value(count.low, "customers"), high=Value(count.high, "customers")),
        otherwise=say("Records show hardly anyone with a complex sale and no call for one"),
        otherwise_so_what=say("Undecided customers are not among them: what they call for is not "
                              "known."),
        money=worth.id, figures=(count.id,),
        action=say_n("Ask the seller of the {n} customer on the list what the effort is for, and "
                     "try a lighter way of selling with some before all.",
                     "Ask the sellers of the {n} customers on the list what the effort is for, and "
                     "try a lighter way of selling with some before all.", count),
        owner=say("sales director"), grade="C",
    )  # fmt: skip


def _under(book: Workbook, known: Known) -> Finding:
    count, worth, holds = _counted(book, known, "under")
    return Finding(
        "segments.buying.under",
        say_n("{n} customer calls for a complex sale and gets a traditional one: {worth}",
              "{n} customers call for a complex sale and get a traditional one: {worth}",
              count, worth=worth),
        holds,
        say("They buy what is made for them, with us, and enough of it to carry the effort."),
        otherwise=say("Records show hardly anyone who calls for a complex sale and lacks it"),
        otherwise_so_what=say("Customers who never were offered advice do not show it in their "
                              "behaviour: ask."),
        money=worth.id, figures=(count.id,),
        action=say_n("Give the {n} customer on the list one seller who can quote and plan with it.",
                     "Give the {n} customers on the list sellers who can quote and plan with them.",
                     count),
        owner=say("sales director"), grade="C",
    )  # fmt: skip


def _row(known: pd.DataFrame) -> pd.Series[str]:
    """Why a customer calls for what it calls for, in four rows."""
    row = known["called_for"].copy()
    row[row == "traditional"] = "lacks"
    row[(row == "lacks") & (known["logic"] == "transactional")] = "transactional"
    return row


def _map_exhibit(book: Workbook, known: Known) -> Any:
    import pandas as pd

    rows = {
        "complex": say("Complex: by advice, made to order, large"),
        "lacks": say("Traditional: small, or standard goods"),
        "transactional": say("Traditional: transactional"),
        UNDECIDED: WORDS[UNDECIDED],
    }
    columns = {
        "complex": say("Sold to as complex"),
        "traditional": say("Sold to as traditional"),
        UNDECIDED: WORDS[UNDECIDED],
    }
    customers = known.customers.assign(row=_row(known.customers))
    cells, mapped = [], 0
    for row, called in rows.items():
        for today, sold in columns.items():
            own = customers[(customers["row"] == row) & (customers["today"] == today)]
            revenue = int(own["net_revenue"].sum())
            mapped += revenue
            worth = Value(book.money(revenue), book.currency)
            cells.append(
                {
                    "needed": called,
                    "today": sold,
                    "money": float(book.money(revenue)) if len(own) else None,
                    "customers": len(own),
                    "cell": say_n("{money} · {n} customer", "{money} · {n} customers", len(own),
                                  money=worth),
                    "is_wrong": bool(own["mismatch"].isin(["over", "under"]).any()),
                }
            )  # fmt: skip
    book.identity(
        "net revenue of the map of mismatches = net revenue of active customers",
        book.money(mapped),
        book.money(known.revenue),
    )
    wrong = customers["mismatch"].isin(["over", "under"])
    untold = customers.loc[customers["mismatch"] == "unknown", "net_revenue"].sum()
    unknown = _of(untold, known.revenue)
    largest = agreed_range(book.engagement, "buying.high_potential")[0]
    share = part(
        book, "buying.mismatched.share", int(customers.loc[wrong, "net_revenue"].sum()),
        known.revenue, n=len(customers), grade="C", source=_SOURCE,
    )  # fmt: skip
    return exhibit(
        book, "map", (
            say("{share} of net revenue is sold to in another way than it calls for", share=share),
            matters(int(wrong.sum()), share.value),
            say("Customers are sold to in the way they call for")
            if unknown < 0.5
            else say("For most net revenue the records do not tell whether the sale fits"),
        ),
        say("Net revenue and customers by the sale they call for and the sale they get, {window}",
            window=book.window_text),
        pd.DataFrame(cells), "needed today money customers",
        chart=Chart("heat", x="today", y="needed", value="money", label="cell", accent="is_wrong"),
        n=len(customers), rows_shown=20,
        reading=say(
            "Coloured are the mismatches. A complex sale is called for by who buys by advice, what "
            "is made to order, and belongs to the largest {part} by net revenue, which stands in "
            "for potential. Sold to as complex is who has a key account manager, long contact or "
            "many quotes, by the index of today.",
            part=Value(largest, "share", digits=0),
        ),
    )  # fmt: skip


def _mismatch_list(book: Workbook, known: Known, own: pd.DataFrame, kind: str) -> Any:
    import pandas as pd

    own = own.sort_values(["net_revenue", "customer_id"], ascending=[False, True])
    rows: list[Any] = own.to_dict("records")
    frame = pd.DataFrame(
        {
            "who": own["who"].to_numpy(),
            "sold": [sold_by(row) for row in rows],
            "buys": [_why(book, known, row, kind) for row in rows],
            "money": book.money(own["net_revenue"]).to_numpy(),
        }
    )
    columns = "who sold buys money"
    if "gross_margin" in own and own["gross_margin"].notna().any():
        frame["margin"] = book.money(own["gross_margin"]).to_numpy()
        columns += " margin"
    if book.has("contribution"):
        earned = book.table("contribution").set_index("customer_id")["contribution"]
        frame["contribution"] = book.money(own["customer_id"].map(earned)).to_numpy()
        columns += " contribution"
    half = float((own["net_revenue"].cumsum() <= own["net_revenue"].sum() / 2).mean())
    titles = {
        "over": (
            say("Few customers hold half of the money that is sold to with too much effort"),
            say("Customers that get a complex sale without calling for one, the largest first"),
        ),
        "under": (
            say("Few customers hold half of the money that is sold to with too little advice"),
            say("Customers that call for a complex sale and get a traditional one"),
        ),
    }
    return exhibit(
        book, f"list.{kind}",
        (titles[kind][0], len(own) >= 2 * _FEWEST and half <= 0.25, titles[kind][1]),
        say("How each is sold to and how it buys, with its money, {window}",
            window=book.window_text),
        frame, columns, n=len(own), rows_shown=12,
        reading=say(
            "The reasons are the signs that speak loudest. The list says where to ask, not what "
            "would be gained: a change is to be tested first."
        ),
    )  # fmt: skip


def _why(book: Workbook, known: Known, row: dict[str, Any], kind: str) -> Message:
    """Why a customer calls for another sale, in a seller's words."""
    facts = []
    if kind == "over" and not row["can_carry"]:
        worth = Value(book.money(int(row["net_revenue"])), book.currency)
        facts.append(say("bought {money} in all, too little to carry it", money=worth))
    told = [one for one in known.used if one.id == "custom_share" and row[one.id] == row[one.id]]
    if kind == "over" and row["offer"] == "standard":
        facts += [fact(one, row) for one in told]
    for one in telling(known.used, row, is_complex=kind == "under"):
        if str(one) not in map(str, facts):
            facts.append(one)
    return say("{facts}", facts=listed(facts[:3]))


# --- whom to ask ----------------------------------------------------------------------------------


def whom_to_ask(book: Workbook) -> None:
    """Customers whose behaviour and stated wish contradict each other."""
    if not book.has("needs"):
        book.without("needs")
        return
    known = read(book)
    asked = known.customers[known.customers["is_asked"]]
    found = _contradictions(known, asked)
    revenue = int(found["net_revenue"].sum())
    count = figure(book, "buying.ask.customers", len(found), "customers", n=len(asked), grade="C",
                   source=("buying_logic", "needs"))  # fmt: skip
    worth = money(book, "buying.ask.net_revenue", revenue, n=len(asked), grade="C")
    whole = figure(book, "buying.asked.customers", len(asked), "customers", source=("needs",))
    chance = figure(
        book, "buying.ask.by_chance", _by_chance(known, asked), "customers", n=len(asked),
        grade="C", source=("buying_logic", "needs"),
    )  # fmt: skip
    book.show(
        Finding(
            "segments.buying.ask",
            say_n("{n} of {all} customers asked says one thing and does another",
                  "{n} of {all} customers asked say one thing and do another", count, all=whole),
            matters(len(found), _of(revenue, known.revenue)),
            say("Had answers been dealt out at random, {chance} would. Either we offer them what "
                "they do not want, or the answer means little. Only an interview tells which.",
                chance=chance),
            otherwise=say("What customers say and what they do hardly contradict each other"),
            otherwise_so_what=say("No interview is called for by this."),
            money=worth.id, figures=(count.id, whole.id),
            action=say_n("Interview the {n} customer on the list before its way of selling is "
                         "changed.",
                         "Interview the largest of the {n} customers on the list before their way "
                         "of selling is changed.", count),
            owner=say("sales managers"), grade="C",
        )
    )  # fmt: skip
    if len(found):
        book.show(_ask_exhibit(book, found, len(asked)))


def _contradictions(known: Known, asked: pd.DataFrame) -> pd.DataFrame:
    """Per customer the index on which behaviour and wish are furthest apart, if on two sides."""
    import pandas as pd

    told = {one.index for one in known.used}
    parts = []
    for index in (one for one in DEEDS if one in told):
        now = (asked[f"{index}_low"] + asked[f"{index}_high"]) / 2
        stated = asked[f"{index}_stated"]
        own = asked[contradicts(now, stated)]
        gap = (now - stated).abs()
        parts.append(own.assign(index=index, now=now, stated=stated, gap=gap))
    whole = pd.concat(parts) if parts else asked.head(0).assign(index="", now=0.0, gap=0.0)
    whole = whole.sort_values(["customer_id", "gap", "index"], ascending=[True, False, True])
    whole = whole.drop_duplicates("customer_id")
    return whole.sort_values(["net_revenue", "customer_id"], ascending=[False, True])


def _by_chance(known: Known, asked: pd.DataFrame) -> int:
    """How many would contradict themselves if each gave the answers of another, drawn at random."""
    import numpy as np

    rng, stated = np.random.default_rng(SEED), [f"{index}_stated" for index in DEEDS]
    counts = []
    for _ in range(_DEALT):
        dealt = asked[stated].to_numpy()[rng.permutation(len(asked))]
        others = asked.assign(**dict(zip(stated, dealt.T, strict=True)))
        counts.append(len(_contradictions(known, others)))
    return round(float(np.mean(counts)))


def _ask_exhibit(book: Workbook, found: pd.DataFrame, asked: int) -> Any:
    frame = found.assign(
        index=found["index"].map(INDEX_NAMES), money=book.money(found["net_revenue"])
    )
    most = found["index"].value_counts()
    name = sorted(most[most == most.max()].index, key=order_of)[0]
    return exhibit(
        book, "ask", (
            say("Word and deed part most often on “{name}”", name=INDEX_NAMES[name]),
            most.max() > len(found) / 3,
            say("Customers to interview: where word and deed part, the largest first"),
        ),
        say("Index of current behaviour and of the stated wish, 0 to 100, {window}",
            window=book.window_text),
        frame, "who index now stated money", sources=("buying_logic", "needs"),
        n=asked, rows_shown=12,
        reading=say(
            "Of each customer the index with the widest gap. For the stated wish {cut} is the "
            "customer's own average over all questions, so who finds everything important says "
            "nothing by it.",
            cut=Value(CUT, "number", digits=0),
        ),
    )  # fmt: skip


def _of(above: Any, below: Any) -> float:
    return float(above) / float(below) if below else 0.0
