"""What notebook 1 shows of the calendar, of changed meanings and of the visit log."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from segkit.audit.page import count, note, part, spoken, texts
from segkit.engagement import months_before
from segkit.exhibits import Chart, Column, Exhibit
from segkit.language import Message, Value, listed, say, say_n, share

if TYPE_CHECKING:
    import pandas as pd

    from segkit.workbook import Workbook

#: Months drawn at most and at least, and the sellers a team must have to be shown.
DRAWN, FEWEST, TEAM = 24, 3, 5


# --- the calendar -------------------------------------------------------------------------------


def calendar(book: Workbook) -> None:
    """Rows per working day by month and source, with the holes; working days year on year."""
    from segkit.audit.checks.calendar import free_days

    holes = book.table("source_holes")
    drawn = _by_month(book)
    if len(drawn):
        book.show(_calendar(book, holes, drawn))
    agreed = book.engagement
    if free_days(agreed.country, agreed.window_start, agreed.as_of) is None:
        note(book, say("Public holidays are not known, since no country is given: only weekdays "
                       "count as working days."))  # fmt: skip
    _working_days(book)


def _calendar(book: Workbook, holes: pd.DataFrame, drawn: pd.DataFrame) -> Exhibit:
    longest = holes.sort_values(["rows", "source"], ascending=[False, True]).head(1)
    n = count(book, "calendar.holes", len(holes), "stretches", source=sorted(set(drawn["table"])))
    said: dict[str, Any] = {}
    if len(longest):
        row = longest.iloc[0]
        said = {"source": spoken(row["source"]), "first": row["first"].date(),
                "last": row["last"].date()}  # fmt: skip
    claim = (
        say("No rows where they are usual, {first} to {last}: {source}", **said)
        if n.value == 1
        else say_n("{n} stretch has no rows", "{n} stretches without rows where they are usual", n)
    )
    quiet = say("Every source has rows wherever rows are usual, up to the as-of date")
    return Exhibit(
        "audit.calendar", claim if n.value else quiet, bool(n.value), quiet,
        say("Rows per working day, the middle month of each source being one, by month"),
        drawn,
        (Column("source", say("Source")), Column("month", say("Month"), "text"),
         Column("level", say("Rows per working day"), "number", 1)),
        tuple(sorted(set(drawn["table"]))), book.engagement.as_of,
        Chart("heat", x="month", y="source", value="level"),
        reading=_read_holes(holes),
        n=int(drawn["rows"].sum()), rows_shown=40,
    )  # fmt: skip


def _read_holes(holes: pd.DataFrame) -> Message:
    general = say(
        "A pale cell is a month with few rows. A stretch without rows is told where chance would "
        "make it in fewer than one source in a hundred."
    )
    if not len(holes):
        return general
    return say(
        "{general} Found: {holes}.",
        general=general,
        holes=listed([_hole(hole) for hole in holes.head(5).to_dict("records")]),
    )


def _hole(hole: Any) -> Message:
    """One hole as a table would say it: source, days, and how many rows are usual there."""
    source = spoken(hole["source"])
    if isinstance(hole["part"], str):
        source = say("{source} ({part})", source=source, part=hole["part"])
    return say(
        "{source}, {first} to {last} (usual rows: {rows})",
        source=source, first=hole["first"].date(), last=hole["last"].date(), rows=hole["rows"],
    )  # fmt: skip


def _by_month(book: Workbook) -> pd.DataFrame:
    """Rows per working day of the last months by source, the median month being one."""
    from segkit.audit.checks.calendar import levels

    data = levels(book.table("source_days"), book.engagement)
    data = data[data["month"].isin(sorted(set(data["month"]))[-DRAWN:])]
    if data["month"].nunique() < FEWEST:
        return data.head(0)
    data = data.assign(month=data["month"].dt.strftime("%Y-%m"))
    return data.assign(source=texts(map(spoken, data["table"])))


def _working_days(book: Workbook) -> None:
    """How many working days differ between the latest twelve months and those before."""
    import numpy as np

    from segkit.audit.checks.calendar import free_days

    as_of = book.engagement.as_of
    edges = [months_before(as_of, back) for back in (24, 12, 0)]
    days = book.table("source_days").query("source == 'order_lines'")
    free = free_days(book.engagement.country, edges[0], as_of)
    if free is None or days["day"].min().date() > edges[0] + timedelta(days=31):
        return
    starts = np.array([edge + timedelta(days=1) for edge in edges], dtype="M8[D]")
    before, latest = (int(n) for n in np.busday_count(starts[:2], starts[1:], holidays=free))
    day = days["day"].to_numpy().astype("M8[D]")
    sums = [int(days.loc[(day >= a) & (day < b), "amount"].sum())
            for a, b in pairwise(starts)]  # fmt: skip
    if before == latest or sums[0] <= 0:
        return
    told: dict[str, Any] = {"source": ["order_lines"]}
    change = part(book, "net_revenue.year_growth", sums[1] - sums[0], sums[0], **told)
    daily = part(
        book, "net_revenue.year_growth_per_working_day",
        sums[1] * before - sums[0] * latest, sums[0] * latest, **told,
    )  # fmt: skip
    text = say(
        "The latest twelve months have {latest} working days, the twelve before {before}. Per "
        "working day net revenue changed by {daily}, in all by {change}.",
        latest=count(book, "working_days.latest", latest, "days"),
        before=count(book, "working_days.before", before, "days"), daily=daily, change=change,
    )  # fmt: skip
    note(book, text)


# --- meanings -----------------------------------------------------------------------------------

_KINDS = {
    "empty": say("share left empty"),
    "codes": say("share of the value"),
    "size": say("middle value"),
}


def meanings(book: Workbook) -> None:
    """The fields that changed their meaning at a date, with their share before and after."""
    found = book.table("field_shifts").sort_values(
        ["psi", "source", "field"], ascending=[False, True, True]
    )
    tested = count(book, "fields.tested", len(book.table("field_series")), "fields")
    if not len(found):
        if tested.value:
            text = say_n(
                "{n} field was followed month by month; it keeps its meaning.",
                "{n} fields were followed month by month; all keep their meaning.",
                tested,
            )
            note(book, text)
        return
    rows = [_meaning(book, row) for row in found.to_dict("records")]
    book.show(_meanings(book, rows, tested))


def _meaning(book: Workbook, row: Any) -> dict[str, Any]:
    is_size = row["kind"] == "size"
    is_money = is_size and row["field"].endswith("amount")
    written = [
        Value(book.money(round(row[side])), book.currency) if is_money
        else Value(row[side], "number") if is_size else share(row[side])
        for side in ("before", "after")
    ]  # fmt: skip
    return {
        "field": say("{table}, {field}", table=spoken(row["source"]), field=spoken(row["field"])),
        "what": _KINDS[row["kind"]],
        "value": "" if is_size else row["value"],
        "since": row["since"].date(),
        "before": say("{value}", value=written[0]),
        "after": say("{value}", value=written[1]),
        "rows": row["rows"],
        "source": row["source"],
    }


def _meanings(book: Workbook, rows: list[dict[str, Any]], tested: Any) -> Exhibit:
    import pandas as pd

    first = rows[0]
    said = {name: first[name] for name in ("field", "before", "after", "since", "value")}
    claim = (
        say("“{value}” goes from {before} to {after} of rows, from {since}: {field}", **said)
        if first["value"]
        else say("The middle value goes from {before} to {after}, from {since}: {field}", **said)
    )
    return Exhibit(
        "audit.meanings", claim, True,  # noqa: FBT003
        say("No field changes its meaning"),
        say("Fields whose make-up changes from one month to the next, up to the as-of date"),
        pd.DataFrame(rows),
        (
            Column("field", say("Field")), Column("what", say("What is followed")),
            Column("value", say("Value that moved most")),
            Column("since", say("New from"), "date"), Column("before", say("Before")),
            Column("after", say("From then on")),
            Column("rows", say("Rows that read otherwise"), "rows"),
        ),
        tuple(sorted({row["source"] for row in rows})), book.engagement.as_of,
        reading=say_n(
            "{n} field was followed month by month. A change is told when months before and after "
            "differ more than months do among themselves, at once and by much.",
            "{n} fields were followed month by month. A change is told when months before and "
            "after differ more than months do among themselves, at once and by much.",
            tested,
        ),
    )  # fmt: skip


# --- the visit log ------------------------------------------------------------------------------


def visit_log(book: Workbook) -> None:
    """The visit log by team: when it was written, how long visits are, how complete it is."""
    if not book.has("visit_log_teams"):
        book.without("visits")
        return
    teams = book.table("visit_log_teams")
    book.table("visit_log_quality")
    shown = teams[teams["sellers"] >= TEAM].copy()
    if len(shown):
        book.show(_visit_log(book, shown))
    hidden = int(teams.loc[teams["sellers"] < TEAM, "visits"].sum())
    if hidden:
        rest = part(book, "visits.of_small_teams", hidden, int(teams["visits"].sum()),
                    source=["visits"])  # fmt: skip
        note(book, say("{rest} of visits are not shown by team: in teams of fewer than five, "
                       "sellers could be recognised.", rest=rest))  # fmt: skip
    _sellers(book)


def _visit_log(book: Workbook, teams: pd.DataFrame) -> Exhibit:
    import pandas as pd

    has_moment = teams["logged"].sum() > 0
    data = pd.DataFrame({
        "team": [one or say("Smaller teams") for one in teams["team"]],
        "sellers": teams["sellers"].to_numpy(),
        "visits": teams["visits"].to_numpy(),
        "friday": ((teams["late"] / teams["logged"]) if has_moment
                   else teams["on_friday"] / teams["visits"]).to_numpy(),
        "same": (teams["same"] / teams["timed"]).to_numpy(),
        "on_order_day": (teams["on_order_day"] / teams["visits"]).to_numpy(),
        "by_chance": (teams["by_chance"] / teams["visits"]).to_numpy(),
        "odd": ((teams["crowded"] + teams["on_free_day"]) / teams["visits"]).to_numpy(),
        "completeness": teams["completeness"].to_numpy(),
        "grade": teams["grade"].to_numpy(),
    })  # fmt: skip
    data = data.sort_values(["friday", "same"], ascending=False, kind="stable", ignore_index=True)
    worst = teams.iloc[int((teams["of_late"] / teams["visits"]).to_numpy().argmax())]
    team = worst["team"] or say("Smaller teams")
    late = part(book, "visits.worst_team.friday", data["friday"].max(), 1, source=["visits"],
                n=int(worst["visits"]))  # fmt: skip
    same = part(book, "visits.worst_team.same", worst["same"], worst["timed"], source=["visits"],
                n=int(worst["visits"]))  # fmt: skip
    claim = (
        say("{late} of visits logged on Friday afternoons, {same} of one length: {team}",
            late=late, same=same, team=team)
        if has_moment
        else say("{late} of visits dated on Fridays, {same} of one length: {team}",
                 late=late, same=same, team=team)
    )  # fmt: skip
    return Exhibit(
        "audit.visit_log", claim, bool(worst["of_late"] > worst["visits"] / 2),
        say("No team logs its visits all on Fridays"),
        say("Visits by team, {window}", window=book.window_text),
        data,
        (
            Column("team", say("Team")), Column("sellers", say("Sellers"), "sellers"),
            Column("visits", say("Visits"), "visits"),
            Column("friday", say("Logged Friday from 15:00") if has_moment
                   else say("Dated on a Friday"), "share", 0),
            Column("same", say("Of the usual length"), "share", 0),
            Column("on_order_day", say("On an order day"), "share", 0),
            Column("by_chance", say("On one by chance"), "share", 0),
            Column("odd", say("On impossible days"), "share", 0),
            Column("completeness", say("Logged of what was due"), "share", 0),
            Column("grade", say("Grade of response")),
        ),
        ("visits", "order_lines"), book.engagement.as_of,
        reading=say(
            "Sellers write the log that judges them. Visits on order days far above chance may be "
            "logged because an order came. Grade D: what visits bring can't be told from this log."
        ),
        n=int(teams["visits"].sum()), grade="R",
    )  # fmt: skip


def _sellers(book: Workbook) -> None:
    """Who stands out, by the names that may be used."""
    quality, names = book.table("visit_log_quality"), book.rep_names()
    odd = quality[quality["is_late"] | quality["is_same"]]
    if not len(odd):
        return
    n = count(book, "visits.odd_sellers", len(odd), "sellers", source=["visits"])
    text = say_n(
        "{n} seller logs on Fridays or always the same length: {sellers}.",
        "{n} sellers log on Fridays or always the same length: {sellers}.",
        n,
        sellers=listed(sorted(names.get(id, id) for id in odd["rep_id"] if id in names)),
    )
    note(book, text, "warning")
