"""Checks of the accepted rows: what fails, how much money it carries and what it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segkit.audit.checks import customers, framework, lines, page, products, time, visits
from segkit.audit.checks.framework import Check

if TYPE_CHECKING:
    from segkit.language import Message
    from segkit.store import Given, Store
    from segkit.workbook import Workbook

#: Every check, in the order in which equal ones are told.
CHECKS: tuple[Check, ...] = (
    *lines.CHECKS,
    *products.CHECKS,
    *customers.CHECKS,
    *time.CHECKS,
    *visits.CHECKS,
)
#: What the recipe makes and may use.
MADE = ("check_results", "check_figures", "check_ties", *(check.failed for check in CHECKS))
USED = tuple(sorted({name for check in CHECKS for name in (*check.needs, *check.may_use)}))


def results(given: Given) -> dict[str, Any]:
    """Run every check; see `framework.run`."""
    return framework.run(given, CHECKS)


def stopping(store: Store) -> list[Message]:
    """A sentence for each check that stops the run."""
    return framework.stopping(store.engagement, store.frame("check_results"), CHECKS)


def checked(book: Workbook) -> None:
    """What the checks found, and what it changes."""
    page.tell(book, CHECKS)


def checks_as_markdown() -> str:
    """The checks as the page ``docs/checks.md`` shows them."""
    return framework.as_markdown(CHECKS)
