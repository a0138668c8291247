"""How customers decide what to buy, beside how they are sold to: visible indices, no black box."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segkit.segments.buying.findings import (
    how_they_decide,
    map_of_mismatches,
    raters,
    signs_used,
    whom_to_ask,
)

if TYPE_CHECKING:
    import pandas as pd

    from segkit.segments.buying.classes import Classes
    from segkit.segments.buying.indicators import Indicator
    from segkit.store import Given

__all__ = [
    "buying_logic",
    "how_they_decide",
    "map_of_mismatches",
    "raters",
    "signs_used",
    "whom_to_ask",
]
_MOST_CLASSES = 5


def buying_logic(given: Given) -> dict[str, pd.DataFrame]:
    """The recipe of ``buying_logic``, ``buying_agreement`` and ``buying_classes``.

    Returns
    -------
    dict
        ``buying_logic``: one row per active customer, sorted: the signs; per index ``_low`` and
        ``_high`` of current behaviour and ``_stated`` as asked; ``decides``, ``offer``,
        ``working``, ``logic`` of both together, ``logic_now`` and ``logic_stated`` of each; the
        sale that is ``called_for``, how it is sold to ``today``, and the ``mismatch``.
        ``buying_agreement``: see `agreements`. ``buying_classes``: one row per number of latent
        classes tried; none where too few answered.
    """
    import pandas as pd

    from segkit.segments.buying.agreement import agreements
    from segkit.segments.buying.indicators import agreed_indicators, signs

    behaviour = given.table("behaviour").sort_values("customer_id", ignore_index=True)
    agreed = given.engagement.buying_logic
    indicators = agreed_indicators(agreed)
    values, applies = signs(given, behaviour)
    used = [one for one in indicators if values[one.id].notna().any() and one.weight > 0]
    spans = _spans(values, applies, used)
    scores = _scores(given)
    agreement = agreements(scores)
    wishes = _wishes(scores, agreement, behaviour["customer_id"], given)
    weights = {name: float(weight) for name, weight in agreed.weights.items()}
    made = pd.concat(
        [
            behaviour[["customer_id"]],
            values,
            *(spans[name][["low", "high"]].add_prefix(f"{name}_") for name in spans),
            wishes[0].add_suffix("_stated"),
            _decided(spans, wishes, weights, behaviour),
        ],
        axis=1,
    )
    return {
        "buying_logic": made,
        "buying_agreement": agreement,
        "buying_classes": _classes(scores, made, given),
    }


def _spans(
    values: pd.DataFrame, applies: pd.DataFrame, used: list[Indicator]
) -> dict[str, pd.DataFrame]:
    from segkit.segments.buying.indicators import INDICES
    from segkit.segments.buying.indices import FEWEST_SIGNS, span

    # who does not order by web is not yet willing to work with us: that takes two signs
    fewest = {"collaboration": FEWEST_SIGNS}
    return {
        index: span(
            values, applies, [one for one in used if one.index == index], fewest.get(index, 1)
        )
        for index in (*INDICES, "today")
    }


def _scores(given: Given) -> pd.DataFrame:
    """The answers, one a customer, item and rater; items and raters as small words."""
    import pandas as pd

    columns = ["customer_id", "item", "rater", "score"]
    if not given.has("needs"):
        return pd.DataFrame(columns=columns).astype({"score": "float64"})
    found = given.table("needs")[columns]
    for name in ("item", "rater"):
        found[name] = found[name].str.strip().str.lower()
    return found.groupby(columns[:3], sort=True)["score"].mean().reset_index()


def _ends(scores: pd.DataFrame, given: Given) -> tuple[float, float]:
    """The lowest and the highest score, as agreed or as found."""
    agreed = given.engagement.buying_logic.scale
    low, high = agreed or (scores["score"].min(), scores["score"].max())
    return float(low), float(high)


def _own(scores: pd.DataFrame) -> pd.DataFrame:
    """The customers' own answers; where none of them was asked, what others say of them."""
    own = scores[scores["rater"] == "customer"]
    return own if len(own) else scores


def _wishes(
    scores: pd.DataFrame, agreement: pd.DataFrame, who: pd.Series[str], given: Given
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What customers say, and what of it may be used: nothing on a scale that raters read apart."""
    from segkit.segments.buying.indices import ITEMS, stated

    ends = _ends(scores, given)
    said = stated(_own(scores), ends).reindex(who).set_index(who.index)
    usable = stated(scores, ends).reindex(who).set_index(who.index)
    for item in agreement.loc[agreement["verdict"] == "rewritten", "item"]:
        if item in ITEMS:
            usable[ITEMS[item][0]] = float("nan")
    return said, usable


def _decided(
    spans: dict[str, pd.DataFrame],
    wishes: tuple[pd.DataFrame, pd.DataFrame],
    weights: dict[str, float],
    behaviour: pd.DataFrame,
) -> pd.DataFrame:
    import pandas as pd

    from segkit.segments.buying.indicators import INDICES
    from segkit.segments.buying.indices import SIDES, decider, joined, logic, side
    from segkit.segments.buying.matching import called_for, can_carry, mismatch

    said, usable = wishes
    both = {n: joined(spans[n], usable[n], weights.get("stated", 1.0)) for n in INDICES}
    of_said = {n: pd.DataFrame({"low": said[n], "high": said[n]}) for n in INDICES}
    whole = logic(both, weights)
    made = pd.DataFrame(
        {
            "decides": decider(both),
            "offer": side(both["customised"], *SIDES["customised"]),
            "working": side(both["collaboration"], *SIDES["collaboration"]),
            **{f"logic_{end}": whole[end].round(6) for end in ("low", "high")},
            "logic": side(whole, *SIDES["logic"]),
            "logic_now": side(logic(spans, weights), *SIDES["logic"]),
            "logic_stated": side(logic(of_said, weights), *SIDES["logic"]),
            "is_asked": said.notna().any(axis=1),
            "can_carry": can_carry(behaviour["net_revenue"]),
            "today": side(spans["today"], *SIDES["today"]),
        }
    )
    made["called_for"] = called_for(made["logic"], made["offer"], made["can_carry"])
    made["mismatch"] = mismatch(made["called_for"], made["today"])
    return made


def _classes(scores: pd.DataFrame, made: pd.DataFrame, given: Given) -> pd.DataFrame:
    """Latent classes of the answers, each important or not, for one to five classes."""
    import pandas as pd

    from segkit.segments.buying.classes import FEWEST_ANSWERED, classes, more_than

    wide = _own(scores).pivot_table(index="customer_id", columns="item", values="score")
    wide = wide[wide.notna().sum(axis=1) >= 4]
    columns = [
        "k",
        "customers",
        "log_likelihood",
        "bic",
        "entropy",
        "p_value",
        "kappa",
        "is_chosen",
    ]
    if len(wide) < FEWEST_ANSWERED:
        return pd.DataFrame(columns=columns)
    middle = sum(_ends(scores, given)) / 2
    important = (wide > middle).astype("int64").where(wide.notna(), -1)
    levels = important.loc[:, important.max() > 0].to_numpy()
    tried = [classes(levels, k) for k in range(1, _MOST_CLASSES + 1)]
    best = min(range(len(tried)), key=lambda place: tried[place].bic)
    rows = [
        {
            "k": place + 1,
            "customers": len(wide),
            "log_likelihood": round(one.log_likelihood, 6),
            "bic": round(one.bic, 6),
            "entropy": round(one.entropy, 6),
            "p_value": more_than(levels, place) if place == best > 0 else float("nan"),
            "kappa": _kappa(one, wide.index, made) if place == best > 0 else float("nan"),
            "is_chosen": place == best,
        }
        for place, one in enumerate(tried)
    ]
    return pd.DataFrame(rows, columns=columns)


def _kappa(found: Classes, who: pd.Index[str], made: pd.DataFrame) -> float:
    """Weighted kappa of the stated logic of a customer and that of its class."""
    from sklearn.metrics import cohen_kappa_score

    order = ["transactional", "undecided", "consultative"]
    own = made.set_index("customer_id").reindex(who)["logic_stated"]
    places = own.map(order.index).where(own.notna())
    known = places.notna().to_numpy()
    places, of = places[known].astype("int64"), found.belongs.argmax(axis=1)[known]
    middle = places.groupby(of).mean().round().astype("int64")
    if places.nunique() < 2 and middle.nunique() < 2:
        return float("nan")
    agreed = cohen_kappa_score(places, middle.reindex(of), weights="linear", labels=[0, 1, 2])
    return round(float(agreed), 6)
