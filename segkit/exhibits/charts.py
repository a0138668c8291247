"""Charts drawn from an exhibit's data: grey for everyone, one accent, values written beside."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from segkit.exhibits import canvas
from segkit.exhibits.brand import brand, displayable
from segkit.exhibits.canvas import color, say_at
from segkit.exhibits.words import heading
from segkit.language import Message, Scale, render, say, say_n, scale_of

_MANY = 5_000  # marks; above it they are drawn as a picture
_ROW_KINDS = (
    "bars",
    "intervals",
    "stacked",
    "steps",
    "heat",
    "flow",
)  # an absent value keeps its row


def svg(exhibit: Mapping[str, Any], language: str = "en", *, outlines: bool = False) -> str:
    """An exhibit's chart as SVG: the same input gives the same text.

    Parameters
    ----------
    exhibit
        The payload of an exhibit that has a chart.
    outlines
        Letters as outlines, for a reader without the brand's font; as text otherwise.
    """
    with mpl.rc_context(canvas.theme(outlines=outlines)):
        plot = Plot(exhibit, language)
        ax = _DRAWINGS[plot.chart["kind"]](plot) if len(plot.frame) else None
        figure = _nothing(plot) if ax is None else canvas.whole(ax)
        if ax is not None:
            ax.set(xlabel="", ylabel="")
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None}, dpi=200)
    return canvas.clean(drawn.getvalue(), f"c{exhibit['number'] or exhibit['id']}")


class Plot:
    """The data of one chart by their parts in the drawing, and how they are written."""

    def __init__(self, exhibit: Mapping[str, Any], language: str) -> None:
        self.chart: Mapping[str, Any] = exhibit["chart"]
        self.language = language
        self.columns = {column["name"]: column for column in exhibit["columns"]}
        data = {name: pd.Series(values, dtype=object) for name, values in exhibit["data"].items()}
        self.frame = pd.DataFrame(data)
        if self.chart["kind"] not in _ROW_KINDS:
            both = [self.chart["x"], self.chart["y"]]
            self.frame = self.frame.dropna(subset=both).reset_index(drop=True)

    def has(self, *keys: str) -> bool:
        """Whether the recipe names a column for each of `keys`."""
        return all(self.chart.get(key) for key in keys)

    def column(self, key: str) -> Mapping[str, Any]:
        """How the column that is drawn as `key` is headed and written."""
        name = self.chart[key]
        return self.columns.get(name, {"label": name, "unit": "text", "digits": None})

    def values(self, key: str) -> list[Any]:
        """The column that is drawn as `key`, as it travelled."""
        return list(self.frame[self.chart[key]])

    def words(self, key: str) -> list[str]:
        """The column as labels."""
        scale = scale_of([], self.column(key)["unit"], self.language)
        return [displayable(scale.write(value)) for value in self.values(key)]

    def numbers(self, key: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The column as places: dates as days, words in the order they come."""
        values = self.values(key)
        if self.is_dates(key):
            values = [date2num(date.fromisoformat(day)) for day in values]  # type: ignore[no-untyped-call]
        elif any(isinstance(value, (str, Mapping)) for value in values):
            words = self.words(key)
            order = {word: place for place, word in enumerate(dict.fromkeys(words))}
            values = [order[word] for word in words]
        return np.array([np.nan if value is None else float(value) for value in values])

    def is_dates(self, key: str) -> bool:
        """Whether every value is a day."""
        day = re.compile(r"\d{4}-\d\d-\d\d")
        return all(isinstance(one, str) and day.fullmatch(one) for one in self.values(key))

    def flags(self, key: str) -> list[bool]:
        """A column of yes and no; all no where the recipe names none."""
        return (
            [one is True for one in self.values(key)]
            if self.has(key)
            else [False] * len(self.frame)
        )

    @cached_property
    def accents(self) -> list[bool]:
        """Which rows the title is about."""
        return self.flags("accent")

    def shade(self, *, accent: bool) -> str:
        """The accent, or grey as for everyone; where the title is about none, all are it."""
        return color("accent" if accent or not any(self.accents) else "grey")

    def scale(self, key: str) -> Scale:
        """How the values of `key` are written."""
        column = self.column(key)
        unit = "number" if column["unit"] == "text" else column["unit"]
        return scale_of(self.values(key), unit, self.language, column["digits"])

    def written(self, key: str) -> list[str]:
        """The values of `key` as written beside their marks."""
        scale = self.scale(key)
        return [scale.write(value) for value in self.values(key)]

    def heading(self, key: str) -> str:
        """What the axis shows, with its unit."""
        label = self.chart.get(f"{key}_label") or self.column(key)["label"]
        scale = self.scale(key)
        return displayable(heading(label, scale.unit, scale.words, self.language))

    def say(self, message: Message | Mapping[str, Any] | str | None) -> str:
        """A message in the reader's language, in letters the font has."""
        told = message.as_json() if isinstance(message, Message) else message
        return displayable(render(told, self.language))

    @property
    def reference(self) -> tuple[float, str] | None:
        """The reference line and its words."""
        at = self.chart["reference"]
        return None if at is None else (float(at), self.say(self.chart["reference_label"]))

    def ends(self, key: str) -> tuple[list[float], list[float]]:
        """The ranges around the values of `key`; a row without one is its value."""
        values = self.numbers(key)
        edges = [self.numbers(end) if self.has(end) else values for end in ("low", "high")]
        low, high = (np.nan_to_num(np.where(np.isnan(e), values, e)).tolist() for e in edges)
        return low, high

    def tidy(self) -> pd.DataFrame:
        """Places as numbers, with the series, range and accent of each."""
        low, high = self.ends("y")
        series = self.words("series") if self.has("series") else ""
        places = {"x": self.numbers("x"), "y": self.numbers("y"), "low": low, "high": high}
        return pd.DataFrame({**places, "series": series, "accent": self.accents})


# --- rows ----------------------------------------------------------------------------------------


def _bars(plot: Plot) -> Axes:
    values, written, at = plot.numbers("x"), plot.written("x"), plot.reference
    ax = canvas.rows(plot.words("y"), plot.heading("x"), above=10 * bool(at))
    lows, highs = plot.ends("x")
    canvas.room(ax, [*lows, *highs, *([at[0]] if at else [])], written)
    places = [str(row) for row in range(len(values))]  # equal labels stay two rows
    palette = {one: plot.shade(accent=one) for one in (True, False)}
    look: dict[str, Any] = {"width": 0.68, "saturation": 1, "errorbar": None, "legend": False}
    hue = {"hue": plot.accents, "palette": palette, "dodge": False}
    sns.barplot(x=np.nan_to_num(values), y=places, orient="h", ax=ax, **hue, **look)
    canvas.label_rows(ax, plot.words("y"))
    if plot.has("low", "high"):
        ax.hlines(range(len(values)), lows, highs, color=color("ink"), lw=1.1)
    for row, text in enumerate(written):
        end, left = (lows[row], True) if values[row] < 0 else (highs[row], False)
        canvas.beside(ax, text, end, row, left=left, strong=plot.accents[row])
    for told in ax.texts if at else ():  # a value may stand where the line runs
        told.set_bbox({"facecolor": color("paper"), "edgecolor": "none", "pad": 1})
    canvas.reference(ax, at, upright=True)
    return _from_zero(ax)


def _intervals(plot: Plot) -> Axes:
    values, scale, at = plot.numbers("x"), plot.scale("x"), plot.reference
    lows, highs = plot.ends("x")
    if any(
        one < two and scale.write(one) == scale.write(two)
        for one, two in zip(lows, highs, strict=True)
    ):
        scale = replace(scale, digits=(scale.digits or 0) + 1)
    texts = [
        f"{scale.write(v)}  ({scale.write(low)} – {scale.write(high)})"
        if low < high
        else scale.write(v)
        for v, low, high in zip(values, lows, highs, strict=True)
    ]
    right = canvas.widest(texts, strong=True) + 12
    ax = canvas.rows(plot.words("y"), plot.heading("x"), above=10 * bool(at), right=right, below=18)
    edges = [*lows, *highs, *([at[0]] if at else [])]
    pad = (max(edges) - min(edges)) * 0.04 or abs(max(edges)) * 0.1 or 1.0
    ax.set_xlim(min(edges) - pad, max(edges) + pad)
    canvas.reference(ax, at, upright=True)
    for row, (value, low, high) in enumerate(zip(values, lows, highs, strict=True)):
        strong = plot.accents[row]
        shade = plot.shade(accent=strong)
        if value == value:
            ax.plot([low, high], [row, row], color=shade, lw=3, solid_capstyle="round", alpha=0.75)
            ax.plot([value], [row], "o", color=shade, ms=7, mec=color("paper"), mew=1)
        within = ("axes fraction", "data")
        say_at(ax, texts[row], 1, row, dx=10, strong=strong, within=within)
    ax.grid(visible=True, axis="x")
    canvas.number_ticks(ax.xaxis, scale, log=False)
    return ax


def _stacked(plot: Plot) -> Axes:
    wide, scale = _wide(plot), plot.scale("x")
    shades = _series_shades(plot, list(map(str, wide.columns)))
    ax = canvas.rows(list(wide.index), plot.heading("x"), above=20)
    canvas.legend(ax, shades)
    tops = wide.clip(lower=0).sum(axis=1).tolist()
    sums = [] if scale.unit == "share" else [scale.write(value) for value in wide.sum(axis=1)]
    canvas.room(ax, [*tops, *wide.clip(upper=0).sum(axis=1)], sums)
    for name, starts in _starts(wide).items():
        look: dict[str, Any] = {"color": shades[name], "edgecolor": color("paper"), "lw": 0.8}
        bars = ax.barh(range(len(wide)), wide[name], left=starts, height=0.68, **look)
        _inside(ax, bars, [scale.write(size) for size in wide[name]], shades[name])
    for row, text in enumerate(sums):
        canvas.beside(ax, text, tops[row], row)
    return _from_zero(ax)


def _series_shades(plot: Plot, names: list[str]) -> dict[str, str]:
    """A colour for each series; grey for those the title is not about, where it is about some."""
    words = plot.words("series") if plot.has("series") else []
    led = {word for word, accent in zip(words, plot.accents, strict=False) if accent}
    colors = iter(brand().palette)
    return {name: next(colors) if name in led or not led else color("grey") for name in names}


def _starts(wide: pd.DataFrame) -> dict[str, pd.Series[float]]:
    """Where each series' bars begin: gains to the right of zero, losses to its left."""
    up, down = wide.clip(lower=0), wide.clip(upper=0)
    before = up.cumsum(axis=1) - up, down.cumsum(axis=1) - down
    return {
        str(name): before[0][name].where(wide[name] >= 0, before[1][name]) for name in wide.columns
    }


def _inside(ax: Axes, bars: Any, texts: list[str], shade: str) -> None:
    """The values within the bars that are wide enough for them."""
    left, right = ax.get_xlim()
    per_point = (right - left) / canvas.frame_width(ax)
    size = canvas.SIZE - 1
    for row, (bar, text) in enumerate(zip(bars, texts, strict=True)):
        if abs(bar.get_width()) > (canvas.text_width(text, size) + 6) * per_point:
            middle = bar.get_x() + bar.get_width() / 2
            look: dict[str, Any] = {"fontsize": size, "color": canvas.readable_on(shade)}
            ax.text(middle, row, text, ha="center", va="center", **look)


def _steps(plot: Plot) -> Axes:
    changes, totals, scale = np.nan_to_num(plot.numbers("x")), plot.flags("total"), plot.scale("x")
    ends = _levels(changes.tolist(), totals)
    starts = [0.0 if total else before for total, before in zip(totals, [0.0, *ends], strict=False)]
    written = [
        ("+" if change > 0 and not total else "") + scale.write(change)
        for change, total in zip(changes, totals, strict=True)
    ]
    ax = canvas.rows(plot.words("y"), plot.heading("x"))
    canvas.room(ax, [*starts, *ends], written)
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        total, strong = totals[row], plot.accents[row]
        shade = color("muted") if total else plot.shade(accent=strong)
        ax.barh(row, end - start, left=start, height=0.62, color=shade)
        voice = {"strong": strong or total, "shade": None if strong else color("ink")}
        left = max(start, end) <= 0 and min(start, end) < 0
        at = min(start, end) if left else max(start, end)
        canvas.beside(ax, written[row], at, row, left=left, **voice)
        if row + 1 < len(ends):
            ax.plot([end, end], [row + 0.31, row + 0.69], color=color("muted"), lw=0.8)
    return _from_zero(ax)


def _levels(changes: list[float], totals: list[bool]) -> list[float]:
    """The level after each step; a total sets it."""
    levels: list[float] = []
    for change, total in zip(changes, totals, strict=True):
        levels.append(change if total or not levels else levels[-1] + change)
    return levels


def _from_zero(ax: Axes) -> Axes:
    ax.axvline(0, color=color("muted"), lw=0.8)
    ax.set_xticks([])
    return ax


_HEAT_AXES = (("row", "y"), ("column", "x"))


def _heat(plot: Plot) -> Axes | None:
    labels = {"row": plot.words("y"), "column": plot.words("x"), "cell": plot.numbers("value")}
    tidy = pd.DataFrame(labels).dropna()
    if tidy.empty:
        return None
    names = {key: list(dict.fromkeys(plot.words(axis))) for key, axis in _HEAT_AXES}
    table = tidy.pivot_table(index="row", columns="column", values="cell", aggfunc="sum")
    table = table.reindex(index=names["row"], columns=names["column"])
    wide = (canvas.WIDTH - canvas.left_of(names["row"])) / len(names["column"])
    heads, tilted = canvas.heads_of(names["column"], wide)
    above = max(
        canvas.text_width(head, 6) if tilted else 12 * len(head.split("\n")) for head in heads
    )
    right = canvas.text_width(heads[-1], 6) if tilted else 4
    heading, lines = plot.heading("value"), 2 if plot.has("label") else 1
    ax = canvas.rows(names["row"], heading, above=above + 6, right=right, lines=lines)
    scale = plot.scale("value")
    texts = table.map(lambda value: "" if value != value else scale.write(value))
    if plot.has("label"):
        for row, column, text in zip(*map(plot.words, ("y", "x", "label")), strict=True):
            texts.loc[row, column] = text.replace(" · ", "\n")
    look = {"linewidths": 2, "linecolor": color("paper"), "cbar": False, **_colors_of(table)}
    if any(plot.accents):
        look["cmap"] = LinearSegmentedColormap.from_list("grey", ["#f2f3f4", color("grey")])
    sns.heatmap(table, annot=texts, fmt="", ax=ax, annot_kws={"fontsize": canvas.SMALL}, **look)
    canvas.label_rows(ax, names["row"], offset=0.5)
    canvas.column_heads(ax, names["column"])
    led = dict(zip(zip(plot.words("y"), plot.words("x"), strict=True), plot.accents, strict=True))
    for text in ax.texts:
        column, row = (int(place) for place in text.get_position())
        value = table.iloc[row, column]
        text.set_color(canvas.readable_on(look["cmap"](look["norm"](value))[:3]))
        if led.get((names["row"][row], names["column"][column])):
            own = mpl.patches.Rectangle((column, row), 1, 1, fc=color("accent"), zorder=1.5)
            own.set(edgecolor=color("paper"), linewidth=2)
            ax.add_patch(own)
            text.set(color=canvas.readable_on(color("accent")), zorder=3)
    return ax


def _colors_of(table: pd.DataFrame) -> dict[str, Any]:
    """From pale to the first colour; with values below zero from the second colour over pale."""
    first, second = brand().palette[:2]
    low, high = float(np.nanmin(table.to_numpy())), float(np.nanmax(table.to_numpy()))
    if low < 0:
        cmap = LinearSegmentedColormap.from_list("two", [second, "#f2f3f4", first])
        return {"cmap": cmap, "norm": TwoSlopeNorm(0.0, -max(-low, high), max(-low, high))}
    cmap = LinearSegmentedColormap.from_list("one", ["#eef3f4", first])
    start = 0.0 if low < high / 2 or low == high else low
    return {"cmap": cmap, "norm": mpl.colors.Normalize(start, high or 1.0)}


def _flow(plot: Plot) -> Axes | None:
    """Bands from the groups on the left to those on the right, as thick as what goes over."""
    ends = {"left": plot.words("y"), "right": plot.words("x")}
    tidy = pd.DataFrame({**ends, "size": plot.numbers("value"), "accent": plot.accents})
    tidy = tidy[tidy["size"] > 0]
    if tidy.empty:
        return None
    order = list(dict.fromkeys([*tidy["left"], *tidy["right"]]))
    sums = {side: tidy.groupby(side)["size"].sum().reindex(order).dropna() for side in ends}
    scale, most = plot.scale("value"), max(map(len, sums.values()))
    texts = {
        side: [f"{canvas.shorten(str(name), 165)}\n{scale.write(n)}" for name, n in own.items()]
        for side, own in sums.items()
    }
    wide = {
        side: max(canvas.widest(text.split("\n")) for text in own) + 10
        for side, own in texts.items()
    }
    gap = 0.03 * float(tidy["size"].sum())
    ax = canvas.flow_frame(
        wide["left"], wide["right"], max(34.0 * most, 150), plot.heading("value")
    )
    ax.set(xlim=(0, 1), ylim=(float(tidy["size"].sum()) + gap * (most - 1), 0))
    starts = {side: (own + gap).cumsum() - own - gap for side, own in sums.items()}
    _bands(ax, plot, tidy.sort_values(["left", "right"], key=lambda c: c.map(order.index)), starts)
    for side, at, head in (("left", 0.0, "y"), ("right", 1.0, "x")):
        ha, out = ("right", -1) if side == "left" else ("left", 1)
        for top, size in zip(starts[side], sums[side], strict=True):
            corner = (at - 0.02 * at, float(top))
            ax.add_patch(mpl.patches.Rectangle(corner, 0.02, size, fc=color("muted"), lw=0))
        canvas.beside_bars(ax, texts[side], (starts[side] + sums[side] / 2).tolist(), at, out, ha)
        label = plot.say(plot.column(head)["label"])
        within = "axes fraction"
        say_at(ax, label, at, 1, dx=6 * out, dy=14, ha=ha, quiet=True, within=within)
    return ax


def _bands(
    ax: Axes, plot: Plot, tidy: pd.DataFrame, starts: Mapping[str, pd.Series[float]]
) -> None:
    """The bands, grey ones first; on each side they leave and arrive in the groups' order."""
    left, right = starts["left"].to_dict(), starts["right"].to_dict()
    drawn = []
    rows = tidy[["left", "right", "size", "accent"]].to_numpy(dtype=object).tolist()
    for leaves, arrives, size, accent in rows:
        drawn.append((bool(accent), left[leaves], right[arrives], size))
        left[leaves] += size
        right[arrives] += size
    move = mpl.path.Path
    for accent, y0, y1, size in sorted(drawn, key=lambda one: one[0]):
        corners = [
            (0.02, y0), (0.5, y0), (0.5, y1), (0.98, y1),
            (0.98, y1 + size), (0.5, y1 + size), (0.5, y0 + size), (0.02, y0 + size), (0.02, y0),
        ]  # fmt: skip
        codes = [
            move.MOVETO, *[move.CURVE4] * 3, move.LINETO, *[move.CURVE4] * 3, move.CLOSEPOLY,
        ]  # fmt: skip
        shade = plot.shade(accent=accent)
        look = {"fc": shade, "lw": 0, "alpha": 0.75 if accent else 0.35}
        ax.add_patch(mpl.patches.PathPatch(move(corners, codes), **look))


def _wide(plot: Plot) -> pd.DataFrame:
    """One row a label and one column a series, at most five: the rest is summed."""
    names = plot.words("series") if plot.has("series") else [""] * len(plot.frame)
    kept, most = list(dict.fromkeys(names)), len(brand().palette)
    if len(kept) > most:
        rest = plot.say(say("Other"))
        names = [name if name in kept[: most - 1] else rest for name in names]
    sizes = np.nan_to_num(plot.numbers("x"))
    tidy = pd.DataFrame({"row": plot.words("y"), "series": names, "size": sizes})
    wide = tidy.pivot_table(index="row", columns="series", values="size", aggfunc="sum")
    return wide.reindex(index=tidy["row"].unique(), columns=tidy["series"].unique()).fillna(0.0)


# --- planes --------------------------------------------------------------------------------------


def _lines(plot: Plot) -> Axes:
    tidy = plot.tidy()
    names = list(dict.fromkeys(tidy["series"]))
    single, shades = len(names) == 1, _line_shades(plot, tidy, names)
    right = canvas.widest(plot.written("y") if single else names, strong=True) + 14
    ax = _plane(plot, right=min(right, 170))
    for name in sorted(names, key=lambda one: shades[one] != color("grey")):
        part, shade = tidy[tidy["series"] == name], shades[name]
        if plot.has("low", "high"):
            ax.fill_between(part["x"], part["low"], part["high"], color=shade, alpha=0.18, lw=0)
        _line(ax, part, shade, width=1.5 if shade == color("grey") else 2.2)
    if single:
        led = tidy[tidy["accent"]]
        ax.plot(led["x"], led["y"], "o", color=color("accent"), ms=5)
    _limits(ax, plot, tidy)
    _ticks(ax, plot)
    _level(ax, plot, tidy)
    _name_lines(ax, plot, tidy, shades)
    return ax


def _line_shades(plot: Plot, tidy: pd.DataFrame, names: list[str]) -> dict[str, str]:
    """The accent's series stand out; without an accent each has its own colour."""
    leading = set(tidy.loc[tidy["accent"], "series"])
    if len(names) == 1 or (leading and len(names) > 1) or len(names) > len(brand().palette):
        alone = len(names) == 1
        return {name: color("accent" if alone or name in leading else "grey") for name in names}
    return dict(zip(names, brand().palette, strict=False))


def _line(ax: Axes, part: pd.DataFrame, shade: str, width: float = 2.2) -> None:
    look: dict[str, Any] = {"errorbar": None, "sort": False, "legend": False, "lw": width}
    sns.lineplot(x=part["x"], y=part["y"], estimator=None, color=shade, ax=ax, **look)


def _name_lines(ax: Axes, plot: Plot, tidy: pd.DataFrame, shades: Mapping[str, str]) -> None:
    """Each line's name, or a single line's last value, at its end; moved apart where they meet."""
    last = tidy.groupby("series", sort=False).tail(1)
    up = 72 / ax.figure.dpi
    height = [float(ax.transData.transform((0, y))[1]) * up for y in last["y"]]
    placed = sorted(zip(height, last["series"], last["x"], last["y"], strict=True))
    moved = canvas.apart([one[0] for one in placed], 13.0)
    for to, (at, name, x, y) in zip(moved, placed, strict=True):
        text = (
            textwrap.shorten(name, 28, placeholder="…")
            if len(shades) > 1
            else plot.scale("y").write(y)
        )
        quiet = shades[name] == color("grey")
        shade = color("ink") if quiet else shades[name]
        say_at(ax, text, x, y, dx=6, dy=to - at, strong=not quiet, shade=shade)


def _curve(plot: Plot) -> Axes:
    tidy = plot.tidy()
    ax, accent = _plane(plot, right=24), color("accent")
    ax.fill_between(tidy["x"], 0, tidy["y"], color=accent, alpha=0.10, lw=0)
    if plot.has("low", "high"):
        ax.fill_between(tidy["x"], tidy["low"], tidy["high"], color=accent, alpha=0.2, lw=0)
    _line(ax, tidy, accent)
    _limits(ax, plot, tidy)
    ax.set_xlim(min(0.0, tidy["x"].min()), max(tidy["x"].max(), 1e-9))
    _ticks(ax, plot)
    _level(ax, plot, tidy)
    words, beside = (
        plot.words("label") if plot.has("label") else plot.written("y"),
        canvas.Beside(ax),
    )
    for place, one in tidy[tidy["accent"]].iterrows():
        look: dict[str, Any] = {"mec": color("paper"), "mew": 1.2, "clip_on": False, "zorder": 5}
        ax.plot([one["x"]], [one["y"]], "o", color=accent, ms=7, **look)
        sides = "nes" if one["y"] >= tidy["y"].max() else "ens"
        beside.write(words[int(str(place))], one["x"], one["y"], strong=True, sides=sides)
    return ax


def _points(plot: Plot) -> Axes | None:
    tidy = plot.tidy()
    logs = [key for key in ("x", "y") if plot.chart[f"log_{key}"]]
    drawn = tidy[(tidy[logs] > 0).all(axis=1)]
    if drawn.empty:
        return None
    ax = _plane(plot, right=16, tall=175)
    for key in logs:
        ax.set(**{f"{key}scale": "log"})
    size = 26 if len(drawn) <= 150 else 12 if len(drawn) <= 1500 else 6
    look = {"linewidth": 0, "legend": False, "rasterized": len(drawn) > _MANY, "ax": ax}
    if plot.has("low", "high"):
        band = drawn.sort_values("x", kind="stable")
        ax.fill_between(
            band["x"], band["low"], band["high"], color=color("line"), alpha=0.8, lw=0, zorder=0
        )
    for accent in (False, True):
        part, shade = drawn[drawn["accent"] == accent], plot.shade(accent=accent)
        sns.scatterplot(part, x="x", y="y", s=size * (1 + accent / 2), color=shade,
                        alpha=0.9 if accent else 0.55, **look)  # fmt: skip
    ax.margins(0.05, 0.07)
    ax.autoscale_view()
    _ticks(ax, plot)
    canvas.reference(ax, plot.reference, upright=False)
    _name_points(ax, plot, drawn)
    if len(drawn) < len(tidy):
        left_out = say_n(
            "{n} value at or below zero is not drawn.",
            "{n} values at or below zero are not drawn.",
            len(tidy) - len(drawn),
        )
        say_at(ax, plot.say(left_out), 1, 1, dy=9, ha="right", quiet=True, within="axes fraction")
    return ax


def _name_points(ax: Axes, plot: Plot, drawn: pd.DataFrame) -> None:
    """The few that have a name."""
    if not plot.has("label"):
        return
    beside, words = canvas.Beside(ax), plot.words("label")
    named = drawn[[bool(plot.values("label")[int(str(row))]) for row in drawn.index]][:25]
    for _, one in named.iterrows():
        beside.keep_clear(one["x"], one["y"])
    for row, one in named.iterrows():
        beside.write(words[int(str(row))], one["x"], one["y"], strong=bool(one["accent"]))


def _plane(plot: Plot, *, right: float, tall: float = 165) -> Axes:
    left = max(canvas.widest(plot.written("y")[:500]), canvas.widest([plot.scale("y").write(0)]))
    return canvas.plane(plot.heading("x"), plot.heading("y"), left + 14, right, tall)


def _level(ax: Axes, plot: Plot, tidy: pd.DataFrame) -> None:
    """The reference line, its words clear of the lines."""
    lines = [part[["x", "y"]].sort_values("x") for _, part in tidy.groupby("series")]
    canvas.reference(ax, plot.reference, upright=False, clear_of=lines)


def _limits(ax: Axes, plot: Plot, tidy: pd.DataFrame) -> None:
    """From zero, with all ranges and the reference inside."""
    if plot.chart["log_y"]:
        ax.set_yscale("log")
        return
    edges = [0.0, *tidy["y"], *tidy["low"], *tidy["high"]]
    edges += [plot.reference[0]] if plot.reference else []
    low, high = min(edges), max(edges)
    ax.set_ylim(low * 1.08, high * 1.1 if high > low else low + 1)


def _ticks(ax: Axes, plot: Plot) -> None:
    canvas.number_ticks(ax.yaxis, plot.scale("y"), log=plot.chart["log_y"])
    words = plot.values("x")
    if plot.is_dates("x"):
        canvas.date_ticks(ax, plot.language)
    elif any(isinstance(one, (str, Mapping)) for one in words):
        labels = list(dict.fromkeys(plot.words("x")))
        every = max(1, -(-len(labels) // 8))
        canvas.write_ticks(ax.xaxis, range(0, len(labels), every), labels[::every])
    else:
        canvas.number_ticks(ax.xaxis, plot.scale("x"), log=plot.chart["log_x"], count=6)


def _nothing(plot: Plot) -> Figure:
    """A chart without data says so."""
    figure = Figure(figsize=(canvas.WIDTH / 72, 0.6))
    said = plot.say(say("No rows to draw."))
    figure.text(0, 0.5, said, va="center", color=color("muted"), fontsize=canvas.SIZE)
    return figure


_DRAWINGS: dict[str, Callable[[Plot], Axes | None]] = {
    "bars": _bars,
    "lines": _lines,
    "curve": _curve,
    "points": _points,
    "heat": _heat,
    "flow": _flow,
    "intervals": _intervals,
    "stacked": _stacked,
    "steps": _steps,
}
