"""How sellers write the visit log: most the same day, one team on Friday evenings from memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from segkit.demo.calendar import rng
from segkit.demo.market import Market

LATE_TEAM, LATE_SHARE, LATE_MINUTES = "Profesjonalna", 0.8, 45
# a week whose visits nobody exported; no route to market rests on it
LOST_FROM, LOST_TO = np.datetime64("2024-10-14"), np.datetime64("2024-10-18")
# a new CRM brought new words for two of the purposes
NEW_WORDS_FROM = np.datetime64("2025-01-01")
NEW_WORDS = {"zamówienie": "sprzedaż", "nowości": "prezentacja"}


def as_logged(market: Market, post: np.ndarray, log: pd.DataFrame) -> pd.DataFrame:
    """The log as it is written and sent: *log* has the day, the minutes and the purpose."""
    draw = rng("logging")
    day = log["day"].to_numpy().astype("datetime64[D]")
    team = np.append(market.reps["team"].to_numpy(), "")[post]
    late = (team == LATE_TEAM) & (draw.random(len(log)) < LATE_SHARE)
    weekday = (day.astype(np.int64) + 3) % 7
    next_morning = draw.random(len(log)) < 0.2
    written = day + np.where(late, 4 - weekday, next_morning).astype("timedelta64[D]")
    hour = np.where(late, 16, np.where(next_morning, 7, 9))
    minute = hour * 60 + draw.integers(0, np.where(late, 240, np.where(next_morning, 60, 480)))
    moment = pd.Series(written + minute.astype("timedelta64[m]")).dt.strftime("%d.%m.%Y %H:%M")
    lost = (day >= LOST_FROM) & (day <= LOST_TO)
    new = pd.Series(day >= NEW_WORDS_FROM)
    return log.assign(
        moment=moment,
        minutes=np.where(late, LATE_MINUTES, log["minutes"]),
        purpose=log["purpose"].where(~new, log["purpose"].replace(NEW_WORDS)),
    )[~lost]


def truth() -> dict[str, Any]:
    """What was planted in the log."""
    return {
        "late_team": LATE_TEAM,
        "late_share": LATE_SHARE,
        "late_minutes": LATE_MINUTES,
        "lost_week": [str(LOST_FROM), str(LOST_TO)],
        "new_words_from": str(NEW_WORDS_FROM),
        "new_words": NEW_WORDS,
    }
