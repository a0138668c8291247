"""Charts drawn from an exhibit's data: grey for everyone, one accent, values written beside."""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from babel.dates import format_date
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm, to_rgb
from matplotlib.dates import AutoDateLocator, date2num, num2date
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from segkit.exhibits.brand import FONTS, brand, displayable
from segkit.language import LOCALES, Scale, render, say, say_n, scale_of

WIDTH = 540.0  # points; pages scale it to their column
_SIZE = 9.5
_MANY = 5_000  # marks; above it they are drawn as a picture
_TALL = 262.0
Payload = Mapping[str, Any]


def svg(exhibit: Payload, language: str = "en", *, outlines: bool = False) -> str:
    """An exhibit's chart as SVG: the same input gives the same text.

    Parameters
    ----------
    exhibit
        The payload of an exhibit that has a chart.
    outlines
        Letters as outlines, for a reader without the brand's font; as text otherwise.
    """
    plot = Plot(exhibit, language)
    with mpl.rc_context(_theme(outlines=outlines)), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        figure = _DRAWINGS[plot.chart["kind"]](plot) if len(plot.data) else _nothing(plot)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None}, dpi=200)
    return _clean(drawn.getvalue(), f"c{exhibit.get('number') or exhibit['id']}")


@dataclass(frozen=True)
class Plot:
    """The data of one chart, and how its values are written."""

    exhibit: Payload
    language: str

    @property
    def chart(self) -> Mapping[str, Any]:
        """The drawing recipe."""
        return self.exhibit["chart"]

    @cached_property
    def data(self) -> pd.DataFrame:
        """The rows that can be drawn: those with a place on both axes."""
        frame = pd.DataFrame({k: pd.Series(v, dtype=object) for k, v in self._data.items()})
        for key in ("x", "value", "low", "high", *(() if self.has_rows else ("y",))):
            name = self.chart.get(key)
            if name in frame and not self._is_words(frame[name]):
                frame[name] = pd.to_numeric(frame[name]).astype("float64")
        places = [self.chart["x"], self.chart["y"]]
        return frame if self.has_rows else frame.dropna(subset=places).reset_index(drop=True)

    @property
    def _data(self) -> Mapping[str, list[Any]]:
        return self.exhibit["data"]

    @staticmethod
    def _is_words(column: pd.Series[Any]) -> bool:
        return any(isinstance(value, (str, Mapping)) for value in column)

    @property
    def has_rows(self) -> bool:
        """Whether each row of data is a row of the chart (absent values keep their row)."""
        return self.chart["kind"] in ("bars", "intervals", "stacked", "steps", "heat")

    def has(self, key: str) -> bool:
        """Whether the recipe names a column for `key`."""
        return bool(self.chart.get(key))

    def values(self, key: str) -> pd.Series[Any]:
        """The column that is drawn as `key`."""
        return self.data[self.chart[key]]

    def words(self, key: str) -> list[str]:
        """The column as labels."""
        scale = Scale(self._column(key)["unit"], language=self.language)
        return [displayable(scale.write(value)) for value in self.values(key)]

    @cached_property
    def accents(self) -> list[bool]:
        """Which rows the title is about."""
        return self.flags("accent")

    def flags(self, key: str) -> list[bool]:
        """A column of yes and no; all no where the recipe names none."""
        if not self.has(key):
            return [False] * len(self.data)
        return [value is True for value in self.values(key)]

    def _column(self, key: str) -> Mapping[str, Any]:
        known = {column["name"]: column for column in self.exhibit["columns"]}
        name = self.chart[key]
        return known.get(name, {"name": name, "label": name, "unit": "text", "digits": None})

    def scale(self, key: str) -> Scale:
        """How the values of `key` are written."""
        column = self._column(key)
        unit = "number" if column["unit"] == "text" else column["unit"]
        return scale_of(self.values(key).dropna(), unit, self.language, column.get("digits"))

    def write(self, key: str) -> list[str]:
        """The values of `key` as written beside their marks."""
        scale = self.scale(key)
        return [scale.write(value) for value in self.values(key)]

    def heading(self, key: str) -> str:
        """What the axis shows, with its unit."""
        label = self.chart.get(f"{key}_label") if key in ("x", "y") else None
        said = displayable(render(label or self._column(key)["label"], self.language))
        unit = self.scale(key).words
        return said if not unit or unit.casefold() in said.casefold() else f"{said}, {unit}"

    @property
    def reference(self) -> tuple[float, str] | None:
        """The reference line and its words."""
        if self.chart.get("reference") is None:
            return None
        said = render(self.chart.get("reference_label"), self.language)
        return float(self.chart["reference"]), displayable(said)

    def color(self, *, accent: bool) -> str:
        """The accent, or grey as for everyone."""
        return brand().colors["accent" if accent else "grey"]

    @property
    def nobody(self) -> bool:
        """Whether the title is about no row in particular: then all are drawn in the accent."""
        return not any(self.accents)


# --- the kinds -----------------------------------------------------------------------------------


def _bars(plot: Plot) -> Figure:
    values = plot.values("x").astype("float64")
    written = plot.write("x")
    figure, ax = _rows(plot, plot.words("y"), plot.heading("x"))
    lows, highs = _ends(plot, values)
    _room(ax, [0.0, *lows, *highs], written)
    roles = ["accent" if one else "grey" for one in plot.accents]
    palette = {"accent": plot.color(accent=True), "grey": plot.color(accent=plot.nobody)}
    sns.barplot(
        x=values.fillna(0), y=_places(values), hue=roles, palette=palette, orient="h", width=0.68,
        saturation=1, errorbar=None, dodge=False, legend=False, ax=ax,
    )  # fmt: skip
    if plot.has("low") and plot.has("high"):
        ax.hlines(range(len(values)), lows, highs, color=_ink(), lw=1.1)
    for row, (value, text) in enumerate(zip(values, written, strict=True)):
        beside = highs[row] if not value < 0 else lows[row]
        _beside(ax, beside, row, text, strong=plot.accents[row], left=value < 0)
    _zero(ax, lows)
    return _finish(ax, figure, values="x")


def _intervals(plot: Plot) -> Figure:
    values = plot.values("x").astype("float64")
    scale = plot.scale("x")
    lows, highs = _ends(plot, values)
    ranges = [
        f"{scale.write(v)}  ({scale.write(low)} – {scale.write(high)})"
        if low < high
        else scale.write(v)
        for v, low, high in zip(values, lows, highs, strict=True)
    ]
    figure, ax = _rows(plot, plot.words("y"), plot.heading("x"), right=_widest(ranges) + 12)
    at = plot.reference
    edges = [v for v in [*lows, *highs, *([at[0]] if at else [])] if np.isfinite(v)] or [0.0, 1.0]
    pad = (max(edges) - min(edges)) * 0.04 or abs(max(edges)) * 0.1 or 1.0
    ax.set_xlim(min(edges) - pad, max(edges) + pad)
    _reference(ax, plot, vertical=True)
    for row, (value, low, high) in enumerate(zip(values, lows, highs, strict=True)):
        color = plot.color(accent=plot.accents[row] or plot.nobody)
        ax.plot([low, high], [row, row], color=color, lw=3, solid_capstyle="round", alpha=0.75)
        ax.plot([value], [row], "o", color=color, ms=7, mec=_paper(), mew=1)
        ax.annotate(ranges[row], (1, row), xycoords=("axes fraction", "data"), xytext=(10, 0),
                    textcoords="offset points", va="center", **_voice(strong=plot.accents[row]))  # fmt: skip
    ax.grid(visible=True, axis="x")
    _ticks(ax, plot, "x", 5)
    return _finish(ax, figure)


def _stacked(plot: Plot) -> Figure:
    wide = _wide(plot)
    shades = _shades(wide.columns, plot)
    figure, ax = _rows(plot, list(wide.index), plot.heading("x"), above=20)
    _legend(figure, ax, shades)
    up, down = np.zeros(len(wide)), np.zeros(len(wide))
    parts = []
    for name in wide.columns:
        sizes = wide[name].to_numpy()
        starts = np.where(sizes < 0, down, up)
        ax.barh(range(len(wide)), sizes, left=starts, height=0.68, color=shades[name],
                edgecolor=_paper(), linewidth=0.8)  # fmt: skip
        up, down = up + sizes.clip(min=0), down + sizes.clip(max=0)
        parts += [(row, starts[row], sizes[row], shades[name]) for row in range(len(wide))]
    totals = scale = plot.scale("x")
    sums = [] if scale.unit == "share" else [totals.write(value) for value in up + down]
    _room(ax, [0.0, *up, *down], sums)
    per_point = (ax.get_xlim()[1] - ax.get_xlim()[0]) / _width(ax)
    for row, start, size, shade in parts:
        text = scale.write(size)
        if abs(size) / per_point > _text_width(text, _SIZE - 1) + 6:
            ax.text(start + size / 2, row, text, ha="center", va="center", color=_on(shade),
                    fontsize=_SIZE - 1)  # fmt: skip
    for row, text in enumerate(sums):
        _beside(ax, up[row], row, text, strong=False)
    _zero(ax, down)
    return _finish(ax, figure, values="x")


def _steps(plot: Plot) -> Figure:
    changes = plot.values("x").astype("float64").fillna(0.0).tolist()
    totals = plot.flags("total")
    starts, ends, level = [], [], 0.0
    for change, is_total in zip(changes, totals, strict=True):
        starts.append(0.0 if is_total else level)
        level = change if is_total else level + change
        ends.append(level)
    scale = plot.scale("x")
    written = [
        ("+" if v > 0 and not t else "") + scale.write(v)
        for v, t in zip(changes, totals, strict=True)
    ]
    figure, ax = _rows(plot, plot.words("y"), plot.heading("x"))
    _room(ax, [0.0, *starts, *ends], written, both=True)
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        is_total, strong = totals[row], plot.accents[row]
        color = brand().colors["muted"] if is_total else plot.color(accent=strong or plot.nobody)
        ax.barh(row, end - start, left=start, height=0.62, color=color)
        _beside(ax, end if is_total or end >= start else start, row, written[row],
                strong=strong or is_total, plain=is_total,
                left=is_total and end < 0)  # fmt: skip
        if row + 1 < len(ends):
            ax.plot([end, end], [row + 0.31, row + 0.69], color=brand().colors["muted"], lw=0.8)
    _zero(ax, [*starts, *ends])
    return _finish(ax, figure, values="x")


def _heat(plot: Plot) -> Figure:
    frame = plot.data.assign(row=plot.words("y"), column=plot.words("x"))
    values = pd.to_numeric(frame[plot.chart["value"]]).astype("float64")
    table = frame.assign(cell=values).pivot_table(
        index="row", columns="column", values="cell", aggfunc="sum", sort=False, dropna=False,
        observed=False,
    ) if values.notna().any() else pd.DataFrame()  # fmt: skip
    if table.empty:
        return _nothing(plot)
    rows, columns = list(dict.fromkeys(frame["row"])), list(dict.fromkeys(frame["column"]))
    table = table.reindex(index=rows, columns=columns)
    table = table.mask(_absent(frame, values).reindex(index=rows, columns=columns).ne(1))
    widest = max(min(_text_width(one, _SIZE), 90.0) for one in columns)
    heads = [_wrap(name, max(7, int((WIDTH - 190) / len(columns) / 5.2))) for name in columns]
    lines = max(head.count("\n") for head in heads) + 1
    above = 6 + 12 * lines
    figure, ax = _rows(plot, rows, plot.heading("value"), above=above, right=4, each=26)
    texts = table.map(lambda value: "" if value != value else plot.scale("value").write(value))
    sns.heatmap(table, annot=texts, fmt="", cbar=False, ax=ax, linewidths=2, linecolor=_paper(),
                annot_kws={"fontsize": _SIZE - (widest < 0)}, **_colors_of(table))  # fmt: skip
    _rows_again(ax, rows)
    ax.xaxis.tick_top()
    ax.set_xticks(np.arange(len(columns)) + 0.5, heads, rotation=0, color=_ink())
    ax.tick_params(axis="x", pad=4)
    for text in ax.texts:
        text.set_color(_on(_seen(text.get_position(), table, ax)))
    return _finish(ax, figure)


def _lines(plot: Plot) -> Figure:
    frame, names = _series(plot)
    ends = {name: part for name, part in frame.groupby("series", sort=False)}
    right = (_widest(names, strong=True) if len(names) > 1 else _widest(plot.write("y"))) + 14
    figure, ax = _plane(plot, right=min(right, 170))
    led = _led(plot, frame, names)
    single = len(names) == 1
    for name in sorted(names, key=lambda one: led[one] != brand().colors["grey"]):
        part = ends[name]
        sns.lineplot(x=part["x"], y=part["y"], ax=ax, color=led[name], errorbar=None, sort=False,
                     lw=2.2 if led[name] != brand().colors["grey"] else 1.5, legend=False)  # fmt: skip
        if plot.has("low") and plot.has("high"):
            ax.fill_between(part["x"], part["low"], part["high"], color=led[name], alpha=0.18, lw=0)
    for _, one in frame[frame["accent"]].iterrows() if single else []:
        ax.plot([one["x"]], [one["y"]], "o", color=plot.color(accent=True), ms=5)
    _from_zero(ax, plot, frame)
    _reference(ax, plot, vertical=False)
    last = [(name, *ends[name][["x", "y"]].iloc[-1]) for name in names]
    _at_ends(ax, plot, last, led, single=single)
    return _finish(ax, figure)


def _curve(plot: Plot) -> Figure:
    frame, _ = _series(plot)
    figure, ax = _plane(plot, right=24)
    xs, ys = frame["x"].to_numpy(), frame["y"].to_numpy()
    accent = plot.color(accent=True)
    ax.fill_between(xs, 0, ys, color=accent, alpha=0.10, lw=0)
    if plot.has("low") and plot.has("high"):
        ax.fill_between(xs, frame["low"], frame["high"], color=accent, alpha=0.2, lw=0)
    sns.lineplot(x=xs, y=ys, ax=ax, color=accent, lw=2.2, errorbar=None, sort=False, legend=False)
    at = plot.reference
    low, high = min(0.0, *ys), max([*ys, *([at[0]] if at else [])])
    ax.set_ylim(low, low + (high - low) * 1.12 if high > low else low + 1)
    ax.set_xlim(min(0.0, *xs), max(*xs, 1e-9) * 1.0)
    _reference(ax, plot, vertical=False)
    boxes = _Boxes(ax)
    labels = plot.words("label") if plot.has("label") else plot.write("y")
    for place in np.flatnonzero(frame["accent"]):
        ax.plot([xs[place]], [ys[place]], "o", color=accent, ms=6, mec=_paper(), mew=1.2,
                clip_on=False, zorder=5)  # fmt: skip
        boxes.write(labels[place], xs[place], ys[place], strong=True, sides="en")
    _ticks(ax, plot, "x", 6)
    _ticks(ax, plot, "y", 5)
    return _finish(ax, figure)


def _points(plot: Plot) -> Figure:
    frame, _ = _series(plot)
    ok = np.ones(len(frame), dtype=bool)
    for key in ("x", "y"):
        if plot.chart[f"log_{key}"]:
            ok &= frame[key].to_numpy() > 0
    hidden, frame = int((~ok).sum()), frame[ok]
    if frame.empty:
        return _nothing(plot)
    figure, ax = _plane(plot, right=16, tall=300)
    if plot.chart["log_x"]:
        ax.set_xscale("log")
    if plot.chart["log_y"]:
        ax.set_yscale("log")
    many = len(frame) > _MANY
    size = 26 if len(frame) <= 150 else 12 if len(frame) <= 1500 else 6
    for accent in (False, True):
        part = frame[frame["accent"] == accent]
        sns.scatterplot(x=part["x"], y=part["y"], ax=ax, s=size * (1.3 if accent else 1), lw=0,
                        color=plot.color(accent=accent or plot.nobody), legend=False,
                        alpha=0.85 if accent else 0.55, rasterized=many)  # fmt: skip
    if plot.has("low") and plot.has("high"):
        ax.vlines(frame["x"], frame["low"], frame["high"], color=plot.color(accent=False), lw=1)
    ax.margins(0.05, 0.07)
    ax.autoscale_view()
    _reference(ax, plot, vertical=False)
    if plot.has("label"):
        boxes = _Boxes(ax)
        named = [(i, text) for i, text in zip(plot.data.index, plot.words("label"), strict=True)
                 if text not in ("–", "") and ok[i]]  # fmt: skip
        for i, text in named[:25]:
            one = frame.loc[i]
            boxes.write(text, one["x"], one["y"], strong=bool(one["accent"]))
    _ticks(ax, plot, "x", 6)
    _ticks(ax, plot, "y", 5)
    if hidden:
        said = say_n("{n} value at or below zero is not drawn.",
                     "{n} values at or below zero are not drawn.", hidden)  # fmt: skip
        ax.annotate(render(said.as_json(), plot.language), (1, 1), xycoords="axes fraction",
                    xytext=(0, 4), textcoords="offset points", ha="right", **_voice(quiet=True))  # fmt: skip
    return _finish(ax, figure)


def _nothing(plot: Plot) -> Figure:
    """A chart without data says so."""
    figure = Figure(figsize=(WIDTH / 72, 0.7))
    said = render(say("No rows to draw.").as_json(), plot.language)
    figure.text(0, 0.5, said, va="center", **_voice(quiet=True))
    return figure


_DRAWINGS: dict[str, Callable[[Plot], Figure]] = {
    "bars": _bars,
    "lines": _lines,
    "curve": _curve,
    "points": _points,
    "heat": _heat,
    "intervals": _intervals,
    "stacked": _stacked,
    "steps": _steps,
}


# --- frames --------------------------------------------------------------------------------------


def _rows(
    plot: Plot, labels: Sequence[str], heading: str, *,
    above: float = 0, right: float = 4, each: float = 24,
) -> tuple[Figure, Axes]:  # fmt: skip
    """A drawing with one labelled row a value: as high as it has rows, as wide as it has room."""
    wrapped = [_wrap(label, 34) for label in labels]
    lines = max((label.count("\n") + 1 for label in wrapped), default=1)
    each = max(each if len(labels) <= 16 else each * 0.8, 12.5 * lines + 3)
    left = max(_widest(line for label in wrapped for line in label.split("\n")) + 12, 40)
    top, bottom = 22 + above, 18 if plot.chart["kind"] == "intervals" else 4
    ax = _axes(left, right, top, bottom, max(len(labels), 1) * each)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    _rows_again(ax, labels)
    ax.grid(visible=False)
    _headline(ax, heading)
    return ax.figure, ax


def _rows_again(ax: Axes, labels: Sequence[str]) -> None:
    """The rows' labels, left-aligned; seaborn writes its own over them."""
    centre = 0.5 if ax.collections else 0.0
    wrapped = [_wrap(label, 34) for label in labels]
    ax.set_yticks(
        np.arange(len(labels)) + centre, wrapped, rotation=0, color=_ink(), fontsize=_SIZE
    )
    width = ax.get_position().x0 * WIDTH
    ax.tick_params(axis="y", length=0, pad=width)
    for label in ax.get_yticklabels():
        label.set_ha("left")
        label.set_linespacing(1.15)


def _plane(plot: Plot, *, right: float, tall: float = _TALL) -> tuple[Figure, Axes]:
    """A drawing with two axes, the upright one's heading above it."""
    left = max(_widest(plot.write("y")), _widest([plot.scale("y").write(0)])) + 14
    ax = _axes(min(left, 90), right, 26, 38, tall)
    ax.grid(visible=True, axis="y")
    ax.spines["bottom"].set_visible(True)
    _headline(ax, plot.heading("y"))
    ax.annotate(plot.heading("x"), (1, 0), xycoords="axes fraction", xytext=(0, -34), ha="right",
                textcoords="offset points", va="bottom", **_voice(quiet=True))  # fmt: skip
    return ax.figure, ax


def _axes(left: float, right: float, top: float, bottom: float, tall: float) -> Axes:
    height = tall + top + bottom
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    return figure.add_axes(
        (left / WIDTH, bottom / height, (WIDTH - left - right) / WIDTH, tall / height)
    )


def _finish(ax: Axes, figure: Figure, values: str = "") -> Figure:
    ax.set_xlabel("")
    ax.set_ylabel("")
    if values == "x":
        ax.set_xticks([])
    return figure


def _headline(ax: Axes, text: str) -> None:
    """What is measured, above the drawing at its left edge."""
    height = ax.figure.get_figheight() * 72
    lines = textwrap.shorten(text, 100, placeholder="…")
    ax.figure.text(0, 1 - 3 / height, lines, va="top", ha="left", **_voice(quiet=True))


def _legend(figure: Figure, ax: Axes, shades: Mapping[str, str]) -> None:
    """The names of the series in their colours, in one line over the bars."""
    height = figure.get_figheight() * 72
    x, y = 0.0, 1 - 27 / height
    room = (WIDTH - 18 * len(shades)) / max(len(shades), 1)
    for name, shade in shades.items():
        text = name
        while len(text) > 4 and _text_width(text, _SIZE - 0.5) > room:
            text = text[:-2].rstrip("…") + "…"
        figure.text(x / WIDTH, y, "■", color=shade, fontsize=_SIZE, va="center")
        figure.text((x + 12) / WIDTH, y, text, fontsize=_SIZE - 0.5, va="center", color=_ink())
        x += 12 + _text_width(text, _SIZE - 0.5) + 14


# --- marks and words -----------------------------------------------------------------------------


def _room(ax: Axes, values: Iterable[float], written: Sequence[str], *, both: bool = False) -> None:
    """Limits from zero that leave room for what is written at the ends of the bars."""
    finite = [value for value in values if np.isfinite(value)]
    low, high = min(0.0, *finite, 0.0), max(0.0, *finite, 0.0)
    high = high if high > low else low + 1.0
    beside = _widest(written, strong=True) + 8 if written else 2
    left = beside if low < 0 and not both else 2.0
    per_point = (high - low) / max(_width(ax) - left - beside, 60.0)
    ax.set_xlim(low - left * per_point, high + beside * per_point)


def _beside(
    ax: Axes, x: float, row: int, text: str, *,
    strong: bool, left: bool = False, plain: bool = False,
) -> None:  # fmt: skip
    ax.annotate(text, (x if np.isfinite(x) else 0.0, row), xytext=(-5 if left else 5, 0),
                textcoords="offset points", va="center", ha="right" if left else "left",
                **_voice(strong=strong, color=_ink() if plain else None))  # fmt: skip


def _zero(ax: Axes, values: Iterable[float]) -> None:
    ax.axvline(0, color=brand().colors["muted"], lw=0.8)


def _from_zero(ax: Axes, plot: Plot, frame: pd.DataFrame) -> None:
    edges = [v for key in ("y", "low", "high") for v in frame[key] if v == v] or [0.0]
    at = plot.reference
    edges += [at[0]] if at else []
    low, high = min(0.0, *edges, 0.0), max(*edges, 0.0)
    if not plot.chart["log_y"]:
        ax.set_ylim(low * 1.08, high * 1.08 if high > low else low + 1)
    else:
        ax.set_yscale("log")
    _ticks(ax, plot, "x", 6)
    _ticks(ax, plot, "y", 5)


def _reference(ax: Axes, plot: Plot, *, vertical: bool) -> None:
    at = plot.reference
    if at is None:
        return
    value, said = at
    style = {"color": brand().colors["muted"], "lw": 1, "ls": (0, (4, 3)), "zorder": 1}
    if vertical:
        ax.axvline(value, **style)
        middle = value > sum(ax.get_xlim()) / 2
        ax.annotate(said, (value, 1), xycoords=("data", "axes fraction"), xytext=(0, 5),
                    textcoords="offset points", ha="right" if middle else "left",
                    **_voice(quiet=True))  # fmt: skip
    else:
        ax.axhline(value, **style)
        ax.annotate(said, (0, value), xycoords=("axes fraction", "data"), xytext=(2, 3),
                    textcoords="offset points", **_voice(quiet=True))  # fmt: skip


def _at_ends(
    ax: Axes, plot: Plot, last: Sequence[tuple[str, float, float]], led: Mapping[str, str], *,
    single: bool,
) -> None:  # fmt: skip
    """Each line's name, or a single line's last value, at its end; moved apart where they meet."""
    places = sorted((ax.transData.transform((0, y))[1] * 1.0, name, x, y) for name, x, y in last)
    heights = _apart([place[0] for place in places], 13.0)
    for height, (before, name, x, y) in zip(heights, places, strict=True):
        text = plot.scale("y").write(y) if single else textwrap.shorten(name, 28, placeholder="…")
        is_grey = led[name] == brand().colors["grey"]
        ax.annotate(text, (x, y), xytext=(6, height - before), textcoords="offset points",
                    va="center", **_voice(strong=not is_grey,
                                          color=_ink() if is_grey else led[name]))  # fmt: skip


def _apart(places: Sequence[float], gap: float) -> list[float]:
    """`places` (ascending) moved as little as needed to be `gap` apart, around their middle."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + gap) if moved else place)
    shift = sum(b - a for a, b in zip(places, moved, strict=True)) / max(len(moved), 1)
    return [place - shift for place in moved]


class _Boxes:
    """Words beside points, each where it touches no other, or not at all."""

    def __init__(self, ax: Axes) -> None:
        self.ax = ax
        self.taken: list[tuple[float, float, float, float]] = []
        x0, y0, x1, y1 = ax.get_window_extent().extents / ax.figure.dpi * 72
        self.edge = (x0, y0 - 2, WIDTH, y1 + 14)

    def write(self, text: str, x: float, y: float, *, strong: bool, sides: str = "rlnse") -> None:
        """Write `text` beside a point: right, left, north, south, or right and lower."""
        text = textwrap.shorten(text, 30, placeholder="…")
        wide, tall = _text_width(text, _SIZE - 0.5, strong=strong), _SIZE
        px, py = self.ax.transData.transform((x, y)) / self.ax.figure.dpi * 72
        spots = {
            "r": (7.0, -tall / 2), "l": (-wide - 7, -tall / 2), "n": (-wide / 2, 6.0),
            "s": (-wide / 2, -tall - 7), "e": (6.0, -tall - 5),
        }  # fmt: skip
        for side in sides + "rlns":
            dx, dy = spots[side]
            box = (px + dx, py + dy, px + dx + wide, py + dy + tall)
            if self._fits(box):
                self.taken.append(box)
                self.ax.annotate(text, (x, y), xytext=(dx, dy + 1.5), textcoords="offset points",
                                 va="baseline", **_voice(strong=strong))  # fmt: skip
                return

    def _fits(self, box: tuple[float, float, float, float]) -> bool:
        x0, y0, x1, y1 = box
        left, low, right, high = self.edge
        inside = x0 >= left and x1 <= right and y0 >= low and y1 <= high
        return inside and not any(
            x0 < b[2] + 3 and b[0] < x1 + 3 and y0 < b[3] + 1 and b[1] < y1 + 1 for b in self.taken
        )


def _ticks(ax: Axes, plot: Plot, key: str, count: int) -> None:
    """Few, round ticks, written in the reader's language."""
    axis = ax.xaxis if key == "x" else ax.yaxis
    axis.set_tick_params(which="both", length=0, labelcolor=brand().colors["muted"], pad=5)
    if key == "x" and _is_dates(plot):
        _date_ticks(ax, plot)
    elif key == "x" and Plot._is_words(plot.values("x")):
        words = list(dict.fromkeys(plot.words("x")))
        every = max(1, -(-len(words) // 8))
        ax.set_xticks(range(0, len(words), every), words[::every])
    elif plot.chart[f"log_{key}"]:
        low, high = axis.get_view_interval()
        powers = [10.0**p for p in range(-6, 13) if low <= 10.0**p <= high]
        scale = scale_of(powers, plot.scale(key).unit, plot.language)
        axis.set_minor_locator(mpl.ticker.NullLocator())
        axis.set_ticks(powers, [scale.write(power) for power in powers])
    else:
        low, high = axis.get_view_interval()
        at = [t for t in MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
              if low - 1e-12 <= t <= high + 1e-12]  # fmt: skip
        scale = _tick_scale(plot.scale(key), at)
        axis.set_ticks(at, [scale.write(round(tick, 12)) for tick in at])


def _tick_scale(scale: Scale, ticks: Sequence[float]) -> Scale:
    """The axis's scale with as many digits as its ticks need to differ."""
    for digits in range(4):
        tried = Scale(scale.unit, scale.step, digits, scale.language)
        size = (100.0 if scale.unit == "share" else 1000.0**-scale.step) * 10**digits
        if all(
            abs(tick * size - round(tick * size)) < 1e-6 * max(1, abs(tick * size))
            for tick in ticks
        ):
            return tried
    return scale


def _date_ticks(ax: Axes, plot: Plot) -> None:
    low, high = (num2date(edge) for edge in ax.get_xlim())
    at = AutoDateLocator(minticks=3, maxticks=7).tick_values(low, high)
    at = [tick for tick in at if ax.get_xlim()[0] <= tick <= ax.get_xlim()[1]]
    days = [num2date(tick).date() for tick in at]
    years = all(day.month == day.day == 1 for day in days)
    pattern = "y" if years else "MMM y" if all(day.day == 1 for day in days) else "d MMM"
    ax.set_xticks(at, [format_date(d, pattern, locale=LOCALES[plot.language]) for d in days])


# --- data ----------------------------------------------------------------------------------------


def _series(plot: Plot) -> tuple[pd.DataFrame, list[str]]:
    """Places as numbers, with the series, range and accent of each; and the series' names."""
    frame = pd.DataFrame({"x": _numbers(plot), "y": plot.values("y").astype("float64")})
    frame["series"] = plot.words("series") if plot.has("series") else ""
    frame["accent"] = plot.accents
    for key in ("low", "high"):
        frame[key] = plot.values(key).astype("float64") if plot.has(key) else np.nan
    return frame, list(dict.fromkeys(frame["series"]))


def _numbers(plot: Plot) -> list[float]:
    if _is_dates(plot):
        return [float(date2num(date.fromisoformat(day))) for day in plot.values("x")]
    if Plot._is_words(plot.values("x")):
        words = plot.words("x")
        order = {word: float(place) for place, word in enumerate(dict.fromkeys(words))}
        return [order[word] for word in words]
    return [float(value) for value in plot.values("x")]


def _is_dates(plot: Plot) -> bool:
    return all(
        isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)
        for value in plot.values("x")
    )


def _led(plot: Plot, frame: pd.DataFrame, names: Sequence[str]) -> dict[str, str]:
    """The colour of each line: the accent's series stand out, else each has its own."""
    leading = set(frame.loc[frame["accent"], "series"])
    colors = brand()
    if len(names) == 1:
        return {names[0]: colors.colors["accent"]}
    if leading or len(names) > len(colors.palette):
        return {name: colors.colors["accent" if name in leading else "grey"] for name in names}
    return dict(zip(names, colors.palette, strict=False))


def _ends(plot: Plot, values: pd.Series[Any]) -> tuple[list[float], list[float]]:
    """The ranges of the rows; a row without one is its value."""
    low = plot.values("low").astype("float64") if plot.has("low") else values
    high = plot.values("high").astype("float64") if plot.has("high") else values
    return (
        low.fillna(values).fillna(0.0).tolist(),
        high.fillna(values).fillna(0.0).tolist(),
    )


def _wide(plot: Plot) -> pd.DataFrame:
    """One row a label and one column a series, at most five: the rest is summed."""
    names = plot.words("series") if plot.has("series") else [""] * len(plot.data)
    sizes = plot.values("x").astype("float64").fillna(0.0)
    order = list(dict.fromkeys(names))
    if len(order) > len(brand().palette):
        rest = displayable(render(say("Other").as_json(), plot.language))
        kept = order[: len(brand().palette) - 1]
        names = [name if name in kept else rest for name in names]
    tidy = pd.DataFrame({"row": plot.words("y"), "series": names, "size": sizes})
    wide = tidy.groupby(["row", "series"], sort=False)["size"].sum().unstack(fill_value=0.0)
    return wide.reindex(
        index=list(dict.fromkeys(tidy["row"])), columns=list(dict.fromkeys(names)), fill_value=0.0
    )


def _shades(names: Iterable[str], plot: Plot) -> dict[str, str]:
    return dict(zip(names, brand().palette, strict=False))


def _absent(frame: pd.DataFrame, values: pd.Series[Any]) -> pd.DataFrame:
    """1 where a cell of the heat map has a value."""
    known = frame.assign(known=values.notna().astype("float64"))
    return known.pivot_table(index="row", columns="column", values="known", aggfunc="max")


def _places(values: pd.Series[Any]) -> list[str]:
    """One place a row, so that equal labels stay two rows."""
    return [str(place) for place in range(len(values))]


# --- looks ---------------------------------------------------------------------------------------


def _theme(*, outlines: bool) -> dict[str, Any]:
    """The look of every chart: seaborn's white style in the brand's font and colours."""
    _register()
    colors = brand().colors
    return {
        **sns.axes_style("white"),
        "font.family": [brand().font],
        "font.size": _SIZE,
        "svg.fonttype": "path" if outlines else "none",
        "svg.hashsalt": "segkit",
        "text.parse_math": False,
        "text.color": colors["ink"],
        "axes.edgecolor": colors["line"],
        "axes.facecolor": "none",
        "figure.facecolor": "none",
        "savefig.facecolor": "none",
        "grid.color": colors["line"],
        "grid.linewidth": 0.8,
        "xtick.color": colors["line"],
        "ytick.color": colors["line"],
        "xtick.labelsize": _SIZE - 0.5,
        "ytick.labelsize": _SIZE - 0.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.spines.bottom": False,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
    }


@lru_cache
def _register() -> None:
    """The brand's font from our folder, never a namesake of the machine's."""
    fonts = font_manager.fontManager
    fonts.ttflist = [font for font in fonts.ttflist if font.name != brand().font]
    for path in sorted(FONTS.glob("*.otf")):
        fonts.addfont(path)


def _voice(
    *, strong: bool = False, quiet: bool = False, color: str | None = None
) -> dict[str, Any]:
    """How words are set: plain, strong (the accent, semibold) or quiet (small and grey)."""
    colors = brand().colors
    plain = colors["accent"] if strong else colors["muted"] if quiet else colors["ink"]
    return {
        "color": color or plain,
        "fontweight": 600 if strong else 400,
        "fontsize": _SIZE - 0.5 if quiet or strong else _SIZE - 0.5,
        "annotation_clip": False,
    } if not quiet else {"color": color or plain, "fontsize": _SIZE - 0.5}  # fmt: skip


def _ink() -> str:
    return brand().colors["ink"]


def _paper() -> str:
    return brand().colors["paper"]


def _on(color: Any) -> str:
    """Black or white, whichever is read better on `color`."""
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color))
    return "#101010" if 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.25 else "#fefefe"


def _colors_of(table: pd.DataFrame) -> dict[str, Any]:
    """From pale to the first colour; with values below zero from the second colour over pale."""
    first, second = brand().palette[0], brand().palette[1]
    low, high = float(np.nanmin(table.to_numpy())), float(np.nanmax(table.to_numpy()))
    if low >= 0:
        return {
            "cmap": LinearSegmentedColormap.from_list("one", ["#eef3f4", first]),
            "vmin": min(low, 0.0 if low < 0.5 * high else low),
            "vmax": high if high > low else low + 1,
        }
    size = max(-low, high)
    return {
        "cmap": LinearSegmentedColormap.from_list("two", [second, "#f2f3f4", first]),
        "norm": TwoSlopeNorm(0.0, -size, size),
    }


def _seen(place: tuple[float, float], table: pd.DataFrame, ax: Axes) -> Any:
    """The colour of the cell at `place`."""
    mesh = ax.collections[0]
    row, column = int(place[1]), int(place[0])
    colors = mesh.get_facecolors()
    if not len(colors):
        mesh.update_scalarmappable()
        colors = mesh.get_facecolors()
    return colors[row * table.shape[1] + column][:3]


def _width(ax: Axes) -> float:
    return float(ax.get_position().width * WIDTH)


def _wrap(label: str, width: int) -> str:
    """A label in at most two lines."""
    lines = textwrap.wrap(label, width, max_lines=2, placeholder="…", break_on_hyphens=False)
    return "\n".join(lines)


def _widest(texts: Iterable[str], *, strong: bool = False) -> float:
    return max((_text_width(text, _SIZE, strong=strong) for text in texts), default=0.0)


@lru_cache(maxsize=4096)
def _text_width(text: str, size: float, *, strong: bool = False) -> float:
    """How wide `text` is in points."""
    font = font_manager.get_font(brand().font_file("SemiBold" if strong else "Regular", "otf"))
    font.set_size(size, 72)
    font.set_text(displayable(text), 0.0)
    return float(font.get_width_height()[0]) / 64


def _clean(text: str, prefix: str) -> str:
    """The drawing alone: no header, no idle ids, those in use unlike any other chart's."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.DOTALL)
    text = re.sub(r' transform="rotate\(-0 [^"]*\)"', "", text)
    used = set(re.findall(r'(?:href="|url\()#([\w.-]+)', text))
    text = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in used else "", text)
    prefix = re.sub(r"\W+", "-", prefix)
    for name in sorted(used):
        text = re.sub(rf'(id="|#){re.escape(name)}\b', rf"\g<1>{prefix}-{name}", text)
    text = text.replace("<svg ", '<svg stroke-linejoin="round" ', 1)
    return re.sub(r"\s*\n\s*", "\n", text).strip()
