"""Checks of visits: beside orders, and as evidence that is written by those it judges."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from segkit.audit.checks.framework import Check, Scalar
from segkit.language import say, say_n

_MADE = "visits.kind = 'visit' AND visit_date > {start} AND visit_date <= {as_of}"
_VISITS = f"SELECT COUNT(*) AS of_rows, 0 AS of_money FROM visits WHERE {_MADE}"
_LACKS = say("visits in the window")
_HEAD = say("head of field sales")

WITHOUT_ORDERS = Check(
    id="visits_without_orders",
    asks=say("Customers who are visited and order nothing"),
    touched=say("visits beside sales"),
    failing=f"""
        WITH buyers AS (SELECT DISTINCT customer_id FROM window_lines)
        SELECT customer_id, name, status, COUNT(*) AS visits, SUM(minutes) AS minutes,
               MAX(visit_date) AS last_visit, CAST(0 AS BIGINT) AS money
        FROM visits LEFT JOIN customers USING (customer_id)
        WHERE {_MADE} AND customer_id NOT IN (
          SELECT customer_id FROM buyers WHERE customer_id IS NOT NULL)
        GROUP BY customer_id, name, status""",
    about=f"SELECT COUNT(DISTINCT customer_id) AS of_rows, 0 AS of_money FROM visits WHERE {_MADE}",
    needs=("visits",),
    lacks=_LACKS,
    by="rows",
    changes=Decimal("0.05"),
    claim=say_n(
        "{n} customer is visited and orders nothing in the window",
        "{n} customers are visited and order nothing in the window",
        0,
    ),
    touches=say(
        "{visits} visits of {hours} hours go to them, {effect} of all visits. {prospects} of them "
        "are listed as prospects; what is said of visits beside sales leaves all of them out."
    ),
    effect=Scalar(
        "share",
        f"""SELECT (SELECT SUM(visits) FROM failed_visits_without_orders) * 1.0 / COUNT(*)
            FROM visits WHERE {_MADE}""",
    ),
    more={
        "visits": Scalar("visits", "SELECT SUM(visits) FROM failed_visits_without_orders"),
        "hours": Scalar(
            "hours", "SELECT COALESCE(SUM(minutes), 0) / 60 FROM failed_visits_without_orders"
        ),
        "prospects": Scalar(
            "customers",
            "SELECT COUNT(*) FROM failed_visits_without_orders WHERE status = 'prospect'",
        ),
    },
    action=say("Decide which of them stay on the route, and mark the others as prospects."),
    owner=_HEAD,
)

WITHOUT_VISITS = Check(
    id="orders_without_visits",
    asks=say("Customers of a visiting seller who order and have no logged visit"),
    touched=say("sales without visits"),
    failing="""
        WITH sellers AS (
          SELECT rep_id FROM visits WHERE kind = 'visit' AND rep_id IS NOT NULL
            AND visit_date > {start} AND visit_date <= {as_of}
          GROUP BY rep_id HAVING COUNT(*) >= 50
        ), bought AS (
          SELECT customer_id, COUNT(DISTINCT order_id) AS orders,
                 CAST(SUM(net_amount) AS BIGINT) AS money
          FROM window_lines WHERE customer_id IS NOT NULL GROUP BY customer_id
        )
        SELECT customer_id, name, orders, money
        FROM bought JOIN customers USING (customer_id) JOIN sellers USING (rep_id)
        WHERE customer_id NOT IN (
          SELECT customer_id FROM visits WHERE visit_date > {start} AND visit_date <= {as_of})""",
    needs=("visits",),
    claim=say("Customers of visiting sellers who were never seen bring in {money}"),
    touches=say(
        "No contact of any kind with {n} customers is logged in the window. Either the log lacks "
        "them, or {effect} of net revenue comes without a visit: it is no evidence for more visits."
    ),
    effect=Scalar(
        "share",
        """SELECT (SELECT SUM(money) FROM failed_orders_without_visits) * 1.0 / SUM(net_amount)
           FROM window_lines""",
    ),
    action=say("Ask the sellers of the largest of them how these orders come about."),
    owner=_HEAD,
    changes=Decimal("0.01"),
)

AFTER_LEAVING = Check(
    id="visits_after_last_order",
    asks=say("Visits over a year after the customer's last order"),
    touched=say("visits beside sales"),
    failing=f"""
        WITH lasts AS (
          SELECT customer_id, MAX(order_date) AS last_order FROM order_lines
          WHERE customer_id IS NOT NULL GROUP BY customer_id
        )
        SELECT visit_id, customer_id, visit_date, last_order, minutes, CAST(0 AS BIGINT) AS money
        FROM visits JOIN lasts USING (customer_id)
        WHERE {_MADE} AND visit_date > last_order + INTERVAL 12 MONTH""",
    about=_VISITS,
    needs=("visits",),
    lacks=_LACKS,
    by="rows",
    changes=Decimal("0.01"),
    claim=say_n(
        "{n} visit comes over a year after the customer's last order",
        "{n} visits come over a year after the customer's last order",
        0,
    ),
    touches=say("They take {effect} hours, which the cost to serve of nobody who buys shows."),
    effect=Scalar(
        "hours", "SELECT COALESCE(SUM(minutes), 0) / 60 FROM failed_visits_after_last_order"
    ),
    action=say("Decide which of these customers are to be won back, and stop seeing the others."),
    owner=_HEAD,
)


def _odd(id: str, which: str, **told: Any) -> Check:
    """A check of visits that are odd as a record."""
    return Check(
        id=id,
        failing=f"""
            SELECT visit_id, customer_id, visit_date, logged, minutes, is_crowded, on_free_day,
                   CAST(0 AS BIGINT) AS money
            FROM visit_log_rows WHERE {which}""",
        about=_VISITS,
        needs=("visits", "visit_log_rows"),
        lacks=_LACKS,
        by="rows",
        changes=Decimal("0.05"),
        effect=Scalar(
            "share",
            f"SELECT (SELECT COUNT(*) FROM failed_{id}) * 1.0 / COUNT(*) FROM visits WHERE {_MADE}",
        ),
        owner=_HEAD,
        **told,
    )


LATE = _odd(
    "visits_logged_late",
    "late",
    asks=say("Visits of sellers who log on Fridays"),
    touched=say("visits with a sure day"),
    claim=say_n(
        "{n} visit was logged on a Friday by a seller who logs the week's visits then",
        "{n} visits were logged on a Friday by sellers who log the week's visits then",
        0,
    ),
    touches=say(
        "Written from memory, their days and lengths are guesses: for {effect} of visits it can't "
        "be said whether the order or the visit came first."
    ),
    action=say("Let visits be logged on the spot, and compare a month's log with the calendar."),
)
SAME = _odd(
    "visits_of_same_length",
    "same",
    asks=say("Visits of sellers who log one same length"),
    touched=say("minutes per visit"),
    claim=say_n(
        "{n} visit has the one length that its seller always logs",
        "{n} visits have the one length that their sellers always log",
        0,
    ),
    touches=say(
        "A length that never varies was not measured: {effect} of visits say nothing of how long a "
        "visit takes, so minutes per visit are judged (grade D)."
    ),
    action=say("Time twenty visits with each of these sellers before minutes are used."),
)
AFTER = _odd(
    "visits_on_order_days",
    "after",
    asks=say("Visits of sellers who log them on the days of orders"),
    touched=say("visits beside sales"),
    claim=say_n(
        "{n} visit lies on the day of an order, of a seller whose visits mostly do",
        "{n} visits lie on the day of an order, of sellers whose visits mostly do",
        0,
    ),
    touches=say(
        "Far fewer would by chance. If a visit is logged because an order came, {effect} of visits "
        "say nothing of what a visit brings."
    ),
    action=say("Ask whether these orders were taken on the visit, or the visits were added later."),
)
IMPOSSIBLE = _odd(
    "impossible_visits",
    "is_crowded OR on_free_day",
    asks=say("Visits on free days, and on days too short for them"),
    touched=say("visits with a sure day"),
    claim=say_n(
        "{n} visit lies on a free day, or on a day too short for all its visits",
        "{n} visits lie on free days, or on days too short for all their visits",
        0,
    ),
    touches=say("The days of {effect} of visits are wrong, or the visits were no visits."),
    action=say("Ask the sellers about the fullest of these days."),
)

COMPLETENESS = Check(
    id="visit_log_completeness",
    asks=say("Teams that log less than they should"),
    touched=say("completeness of the visit log"),
    failing="""
        SELECT team, sellers, visits, is_logged, to_log, completeness, CAST(0 AS BIGINT) AS money
        FROM visit_log_teams WHERE completeness < 0.8 AND sellers >= 5""",
    about="SELECT COUNT(completeness) AS of_rows, 0 AS of_money FROM visit_log_teams "
    "WHERE sellers >= 5",
    needs=("visits", "visit_log_teams"),
    lacks=say("call targets or selling days, and teams of five sellers"),
    by="rows",
    claim=say_n(
        "The visit log of {n} team is less than four fifths complete",
        "The visit logs of {n} teams are less than four fifths complete",
        0,
    ),
    touches=say(
        "The emptiest holds {effect} of what was to be logged. What is said of their visits beside "
        "sales is judged (grade D), and their cost per visit is too high."
    ),
    effect=Scalar("share", "SELECT MIN(completeness) FROM failed_visit_log_completeness"),
    action=say("Compare a month's log of these teams with calendars, fuel and phone records."),
    owner=_HEAD,
)

CHECKS = (
    WITHOUT_ORDERS, WITHOUT_VISITS, AFTER_LEAVING, LATE, SAME, AFTER, IMPOSSIBLE, COMPLETENESS,
)  # fmt: skip
