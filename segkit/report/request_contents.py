"""What the data request asks for: tables with examples, controls, assumptions, needs, questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from segkit.tables import CONTRACTS, Column


@dataclass(frozen=True)
class Wanted:
    """A table we ask for.

    Attributes
    ----------
    name
        What people call it.
    step
        1 without it nothing can be said; 2 it belongs to every full analysis; 3 it adds more.
    period
        Which period it should cover.
    examples
        By column, its value in each of the example rows.
    """

    table: str
    name: str
    step: int
    period: str
    examples: Mapping[str, tuple[str, ...]]

    @property
    def columns(self) -> list[tuple[Column, tuple[str, ...]]]:
        """Every column of the contract with its example values; none where none is shown."""
        return [(one, self.examples.get(one.name, ())) for one in CONTRACTS[self.table].columns]


def _wanted(table: str, name: str, step: int, period: str, lines: str) -> Wanted:
    cells = [[cell.strip() for cell in line.split("|")] for line in lines.strip().splitlines()]
    return Wanted(table, name, step, period, {name: tuple(rest) for name, *rest in cells})


_LINES = "24 full months, 36 if you have them; 12 at least"
_SAME = "the same months as the order lines"
_TODAY = "as of today"

#: In the order in which they help; the examples of all tables fit together.
WANTED: tuple[Wanted, ...] = (
    _wanted("order_lines", "Order lines", 1, _LINES, """
order_id | O-5001 | O-5001 | O-5044
line_no | 1 | 2 | 1
order_date | 2026-02-03 | 2026-02-03 | 2026-02-17
customer_id | K1001 | K1001 | K1001
product_id | P-010 | P-022 | P-010
quantity | 12 | 3 | -2
net_amount | 1080.00 | 450.00 | -180.00
list_amount | 1200.00 | 450.00 | -200.00
discount_amount | 120.00 | 0.00 | -20.00
cost_amount | 702.00 | 270.00 | -117.00
channel | field | field | inside
rep_id | S01 | S01 | S02
promotion_id | A-7 |  |
invoice_id | F-9001 | F-9001 | F-9034
original_order_id |  |  | O-5001
currency | EUR | EUR | EUR
unit | pcs | pcs | pcs
"""),
    _wanted("customers", "Customers", 2, _TODAY, """
customer_id | K1001 | K1002 | K1003
name | Nova 24 | Salon Linea | Delta Market
kind | retail | professional | retail
category | pharmacy | hairdresser | drugstore
region | North | South | North
class | A | B |
size | 6 | 2 |
parent_id | K1000 |  |
address | Harbour Street 4, Aston | Mill Road 17, Belmont | Station Square 1, Aston
tax_number | 5260001246 | 7010002387 |
rep_id | S01 | S02 | S01
status | customer | customer | prospect
since | 2019-04-01 | 2022-09-12 |
"""),
    _wanted("products", "Products and services", 2, _TODAY, """
product_id | P-010 | P-022 | P-300
name | Shampoo 250 ml | Colour set | Training day
kind | product | product | service
category | Hair care | Hair colour | Training
family | Daily | Professional | Training
unit_cost | 58.50 | 90.00 | 400.00
list_price | 100.00 | 150.00 | 900.00
is_custom | no | no | yes
"""),
    _wanted("visits", "Visits and calls", 2, _SAME, """
visit_id | V-801 | V-802 | V-803
customer_id | K1001 | K1003 | K1002
rep_id | S01 | S01 | S02
visit_date | 2026-02-03 | 2026-02-05 | 2026-02-10
kind | visit | visit | call
minutes | 45 | 30 | 10
is_planned | yes | yes | no
purpose | order | first meeting | complaint
outcome | order taken | offer wanted | solved
order_id | O-5001 |  |
"""),
    _wanted("reps", "Sellers", 2, _TODAY, """
rep_id | S01 | S02
name | Seller 1 | Seller 2
team | North | Office
role | field | inside
region | North | South
days | 200 | 215
hours_per_day | 7.5 | 7.5
"""),
    _wanted("resources", "Cost of people and vehicles", 2, "the last 12 full months", """
pool | Field sales | Inside sales | Warehouse
cost | 62000.00 | 21000.00 | 35000.00
practical_minutes | 96000 | 41000 | 120000
period_start | 2026-02-01 | 2026-02-01 | 2026-02-01
period_end | 2026-02-28 | 2026-02-28 | 2026-02-28
team | North | Office |
"""),
    _wanted("activities", "Activities and their minutes", 2, _TODAY, """
activity | Visit with travel | Phone call | Picking a line
pool | Field sales | Inside sales | Warehouse
minutes | 75 | 12 | 3
driver | visit | call | line
"""),
    _wanted("events", "Deliveries, claims and other work", 3, "the last 12 full months", """
customer_id | K1001 | K1001 | K1002
event_date | 2026-02-04 | 2026-02-18 | 2026-02-11
activity | delivery | claim | delivery
quantity | 1 | 1 | 2
"""),
    _wanted("assignments", "Who looked after whom", 3, _SAME, """
customer_id | K1001 | K1001 | K1002
rep_id | S02 | S01 | S02
from_date | 2024-01-01 | 2025-07-01 | 2022-09-12
to_date | 2025-06-30 |  |
"""),
    _wanted("quotas", "Targets of the sellers", 3, _SAME, """
rep_id | S01 | S02
period_start | 2026-01-01 | 2026-01-01
period_end | 2026-03-31 | 2026-03-31
measure | net_revenue | net_revenue
quota | 450000.00 | 210000.00
"""),
    _wanted("call_targets", "Planned visits", 3, _SAME, """
customer_id | K1001 | K1002
period_start | 2026-01-01 | 2026-01-01
period_end | 2026-03-31 | 2026-03-31
visits | 6 | 3
"""),
    _wanted("quotes", "Offers", 3, _SAME, """
quote_id | T-610 | T-611
customer_id | K1003 | K1002
rep_id | S01 | S02
created_date | 2026-02-06 | 2026-02-12
decided_date | 2026-02-20 |
amount | 4800.00 | 1500.00
status | lost | open
reason | price |
"""),
    _wanted("receivables", "Invoices and payments", 3, _SAME, """
invoice_id | F-9001 | F-9034
customer_id | K1001 | K1001
invoice_date | 2026-02-03 | 2026-02-17
due_date | 2026-03-05 | 2026-02-17
paid_date | 2026-03-12 | 2026-03-12
amount | 1881.90 | -221.40
"""),
    _wanted("promotions", "Promotions", 3, _SAME, """
promotion_id | A-7
customer_id |
segment_id |
product_id | P-010
category | Hair care
from_date | 2026-02-01
to_date | 2026-02-28
mechanic | 10 % off
cost | 3200.00
"""),
    _wanted("rates", "Exchange rates", 3, "only if amounts come in several currencies", """
currency | SEK | SEK
from_date | 2026-02-01 | 2026-03-01
rate | 0.0885 | 0.0891
"""),
)  # fmt: skip

KINDS = {
    "text": "text",
    "date": "date",
    "integer": "whole number",
    "amount": "amount without currency sign",
    "price": "number with up to six decimals",
    "number": "number",
    "boolean": "yes or no",
}

STEPS = {1: "needed", 2: "asked for", 3: "welcome"}

HOW_TO = (
    "Send the order lines first: with them alone we can begin. The sheet “Tables” says what each "
    "further table adds.",
    "Export the data as your system holds them. Don't clean, add up or rename anything: we match "
    "your column names to ours, and what can't be read is shown to you, never guessed.",
    "Use the same numbers everywhere: the customer number on an order is the one in the customer "
    "list. Keep leading zeros.",
    "Send the control totals as well. They prove that nothing was lost between your system and "
    "our report.",
    "Fill in the sheets “Assumptions”, “Needs” and “Interviews” in this workbook and send it back. "
    "Rows that stay empty don't count.",
)

FORMATS = (
    "CSV or text files with any delimiter, in UTF-8 or your country's code page; Excel; Parquet; "
    "or read access to a view in your database.",
    "One table may come in several files, such as one a year, if they have the same columns.",
    "One row of column names, then one row per record. Leave out subtotals, if you can.",
    "Please no PDF, no pictures and no pivot tables.",
)

LEAST = (
    "Order lines of the last 12 full months, with order number, date, customer, product, quantity "
    "and amount without VAT. With 24 months two years can be compared.",
)

PRIVACY = (
    "Leave out contact persons, private addresses, e-mail addresses and telephone numbers: we "
    "don't need them.",
    "Sellers may come as codes. Results of single sellers are personal data: our reports show "
    "codes, and teams of at least five people, unless you and we have agreed otherwise in "
    "writing. Tell your data protection officer, and your works council if you have one.",
    "Send files only by the encrypted way that was agreed, never as an attachment to an e-mail.",
)

CONTROLS = (
    ("Net revenue", "after discounts, bonuses on the invoice and returns, without VAT"),
    ("Order lines", "how many rows the file has"),
    ("Customers", "how many of them have at least one order line"),
    ("Credit notes and returns", "their amount, with a minus sign"),
    ("Gross margin", "net revenue less product cost, if it is kept by line"),
    ("VAT", "so that we see at once if an amount includes it"),
    ("Sales to companies of your own group", "so that we can show them apart"),
)

#: Assumptions the client may agree: id, what is used where nothing is agreed, sentence, unit.
ASSUMPTIONS = (
    (
        "practical_capacity", "",
        "Part of the paid time that is left for work after breaks, training and meetings.",
        "share of paid time",
    ),
    (
        "activity_minutes", "1",
        "How many times the minutes given for the activities a piece of work really takes.",
        "times the given minutes",
    ),
    (
        "silent_gaps", "2",
        "A customer counts as silent once it has not ordered for this many times its usual gap "
        "between orders.",
        "times the usual gap",
    ),
    (
        "shortest_silence", "30",
        "No customer counts as silent before this many days without an order.",
        "days",
    ),
)  # fmt: skip

ITEMS = {
    "price": "price",
    "performance": "performance",
    "delivery": "delivery",
    "customised": "customised solutions",
    "collaboration": "collaboration",
}
MEANT = (
    "price: the lowest price, discounts, terms of payment",
    "performance: quality, range and results of the products",
    "delivery: speed, reliability, small orders, returns",
    "customised: products, packs or services made for this customer",
    "collaboration: advice, training, planning and developing together",
)
RATERS = {"customer": "customer", "seller": "seller", "manager": "manager"}

_SALES, _FINANCE = "Sales director", "Finance director"
_SELLER, _LOGISTICS = "Seller", "Head of logistics"
_BASE, _MONEY = "Customers", "Prices and margin"
_TIME, _WORK = "Visits and time", "Orders and delivery"

#: Theme, who is asked, question, and what of the records it can be compared with.
QUESTIONS = (
    (_BASE, _SALES, "How many customers placed an order in the last 24 months?",
     "active_customers"),
    (_BASE, _SALES, "Which part of net revenue do your ten largest customers bring, in percent?",
     "top_ten_share"),
    (_BASE, _SALES, "Which customers should be served in another way than today, and why?", ""),
    (_BASE, _SALES, "Which customers have stopped buying, and what do you know of the reason?", ""),
    (_BASE, _SELLER, "What do your customers say they choose you for?", ""),
    (_MONEY, _FINANCE, "What discount off list price do customers get on average, in percent?",
     "discount_share"),
    (_MONEY, _FINANCE, "Which part of sales comes back as returns and credit notes, in percent?",
     "return_share"),
    (_MONEY, _FINANCE, "Which bonuses and costs are not on the invoice, and who gets them?", ""),
    (_MONEY, _FINANCE, "Which costs does gross margin contain, and of which date are cost prices?",
     ""),
    (_MONEY, _SELLER, "When do you give a discount, and who decides?", ""),
    (_TIME, _SALES, "How many visits do your sellers make in a month, all together?",
     "visits_a_month"),
    (_TIME, _SALES, "How do sellers choose whom to visit?", ""),
    (_TIME, _SELLER, "When do you log a visit, and which contacts do you not log?", ""),
    (_TIME, _SELLER, "Which customers cost you most time, and what for?", ""),
    (_WORK, _LOGISTICS, "How many lines does an order have on average?", "lines_per_order"),
    (_WORK, _LOGISTICS, "Which orders cause most work: small, urgent, changed or returned ones?",
     ""),
    (_WORK, _LOGISTICS, "Which part of the working day is left after breaks and meetings?", ""),
    (_WORK, _LOGISTICS, "Which work for customers leaves no trace in any system?", ""),
)  # fmt: skip
