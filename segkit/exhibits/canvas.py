"""What every chart stands on: the look, frames of a fixed width, words that don't collide."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import seaborn as sns
from babel.dates import format_date
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.dates import AutoDateLocator, num2date
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from segkit.exhibits.brand import FONTS, brand, displayable
from segkit.language import LOCALES, Scale

WIDTH = 540.0  # points; pages scale it to their column
SIZE = 9.5
SMALL = 9.0


def theme(*, outlines: bool) -> Any:
    """Seaborn's white style in the brand's font and colours, the same bytes each time."""
    _register()
    colors = brand().colors
    spines = {f"axes.spines.{side}": False for side in ("top", "right", "left", "bottom")}
    clear = dict.fromkeys(("axes.facecolor", "figure.facecolor", "savefig.facecolor"), "none")
    return {
        **sns.axes_style("white"),
        **spines,
        **clear,
        "font.family": [brand().font],
        "font.size": SIZE,
        "svg.fonttype": "path" if outlines else "none",
        "svg.hashsalt": "segkit",
        "text.parse_math": False,
        "text.color": colors["ink"],
        "axes.edgecolor": colors["line"],
        "grid.color": colors["line"],
        "grid.linewidth": 0.8,
        "xtick.labelsize": SMALL,
        "ytick.labelsize": SMALL,
    }


@lru_cache
def _register() -> None:
    """The brand's font from our folder, never a namesake of the machine's."""
    fonts = font_manager.fontManager
    fonts.ttflist = [font for font in fonts.ttflist if font.name != brand().font]
    for path in sorted(FONTS.glob("*.otf")):
        fonts.addfont(path)


def color(name: str) -> str:
    """A colour of the brand."""
    return brand().colors[name]


def readable_on(shade: Any) -> str:
    """Black or white, whichever is read better on `shade`."""
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(shade))
    return "#101010" if 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.25 else "#fefefe"


# --- frames --------------------------------------------------------------------------------------


def rows(
    labels: Sequence[str], heading: str, *, above: float = 0, right: float = 4, below: float = 4,
    lines: int = 1,
) -> Axes:  # fmt: skip
    """A frame with one labelled row a value: as high as its rows, of `lines` or more each."""
    wrapped = [wrap(label, 34) for label in labels]
    lines = max([lines, *(label.count("\n") + 1 for label in wrapped)])
    each = max(24 if len(labels) <= 16 else 19, 12.5 * lines + 3)
    ax = _axes(left_of(labels), right, 22 + above, below, len(labels) * each, heading)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    label_rows(ax, wrapped)
    return ax


def left_of(labels: Sequence[str]) -> float:
    """How much room the rows' labels take."""
    return max(widest(line for one in labels for line in wrap(one, 34).split("\n")) + 12, 40)


def column_heads(ax: Axes, labels: Sequence[str]) -> None:
    """Labels over a frame's columns: wrapped, or tilted where a word is wider than its column."""
    ax.xaxis.tick_top()
    ax.tick_params(axis="x", length=0, pad=3)
    heads, tilted = heads_of(labels, frame_width(ax) / len(labels))
    side = {"rotation": 40, "ha": "left", "rotation_mode": "anchor"} if tilted else {"rotation": 0}
    style: dict[str, Any] = {**side, "color": color("ink"), "fontsize": 8 if tilted else SMALL}
    ax.set_xticks(np.arange(len(heads)) + (0.35 if tilted else 0.5), heads, **style)


def heads_of(labels: Sequence[str], wide: float) -> tuple[list[str], bool]:
    """The labels as they stand over columns `wide` points each, and whether they are tilted."""
    letters = max(int(wide / 5.3), 3)
    words = [word for label in labels for word in label.split()]
    if max((text_width(word, SMALL) for word in words), default=0.0) > wide - 4:
        return [textwrap.shorten(label, 36, placeholder="…") for label in labels], True
    return ["\n".join(textwrap.wrap(label, letters)[:3]) for label in labels], False


def label_rows(ax: Axes, labels: Sequence[str], offset: float = 0.0) -> None:
    """The rows' labels, left-aligned at the frame's edge."""
    wrapped = [wrap(label, 34) for label in labels]
    style: dict[str, Any] = {"rotation": 0, "color": color("ink"), "fontsize": SIZE, "ha": "left"}
    ax.set_yticks(np.arange(len(labels)) + offset, wrapped, linespacing=1.15, **style)
    ax.tick_params(axis="y", length=0, pad=ax.get_position().x0 * WIDTH)


def plane(x_heading: str, y_heading: str, left: float, right: float, tall: float = 165) -> Axes:
    """A frame with two axes, the upright one's heading above it."""
    ax = _axes(min(left, 90), right, 26, 38, tall, y_heading)
    ax.grid(visible=True, axis="y")
    ax.spines["bottom"].set_visible(True)
    say_at(ax, x_heading, 1, 0, dy=-30, ha="right", quiet=True, within="axes fraction")
    return ax


def flow_frame(left: float, right: float, tall: float, heading: str) -> Axes:
    """A frame without axes, with room for words on both sides and a line of heads above."""
    ax = _axes(left, right, 52, 18, tall, heading)
    ax.set(xticks=[], yticks=[])
    return ax


def beside_bars(
    ax: Axes, texts: Sequence[str], middles: Sequence[float], at: float, out: int, ha: str
) -> None:
    """Words of two lines beside upright bars (from the top down), moved apart where they meet."""
    low, high = sorted(ax.get_ylim())
    scale = ax.get_position().height * whole(ax).get_figheight() * 72 / (high - low)
    points = [middle * scale for middle in middles]
    for text, middle, point, to in zip(texts, middles, points, apart(points, 27), strict=True):
        say_at(ax, text, at, middle, dx=6 * out, dy=point - to, ha=ha)


def _axes(left: float, right: float, top: float, bottom: float, tall: float, heading: str) -> Axes:
    height = tall + top + bottom
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    place = (left / WIDTH, bottom / height, (WIDTH - left - right) / WIDTH, tall / height)
    ax = figure.add_axes(place)
    ax.grid(visible=False)
    text = textwrap.shorten(heading, 100, placeholder="…")
    figure.text(0, 1 - 3 / height, text, va="top", color=color("muted"), fontsize=SMALL)
    return ax


def whole(ax: Axes) -> Figure:
    """The drawing a frame is in."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure


def frame_width(ax: Axes) -> float:
    """How wide the frame is in points."""
    return float(ax.get_position().width * WIDTH)


def room(ax: Axes, values: Iterable[float], written: Sequence[str], *, left: bool = True) -> None:
    """Limits from zero that leave room for what is written at the ends of the bars."""
    finite = [value for value in values if np.isfinite(value)]
    low, high = min(0.0, 0.0, *finite), max(0.0, 0.0, *finite)
    high = high if high > low else low + 1.0
    beside = widest(written, strong=True) + 8
    before = beside if low < 0 and left else 2.0
    per_point = (high - low) / max(frame_width(ax) - before - beside, 60.0)
    ax.set_xlim(low - before * per_point, high + beside * per_point)


# --- words ---------------------------------------------------------------------------------------


def say_at(
    ax: Axes, text: str, x: float, y: float, *, dx: float = 0, dy: float = 0, ha: str = "left",
    va: str = "center", strong: bool = False, quiet: bool = False, shade: str | None = None,
    within: Any = "data",
) -> None:  # fmt: skip
    """Words beside a place, `dx` and `dy` points away: plain, strong (accent) or quiet (grey)."""
    own = color("accent" if strong else "muted" if quiet else "ink")
    style: dict[str, Any] = {"ha": ha, "va": va, "color": shade or own, "fontsize": SMALL}
    style |= {"fontweight": 600 if strong else 400, "annotation_clip": False}
    ax.annotate(text, (x, y), (dx, dy), xycoords=within, textcoords="offset points", **style)


def beside(ax: Axes, text: str, x: float, row: int, *, left: bool = False, **voice: Any) -> None:
    """A bar's value, right of its end or left of it."""
    at = x if np.isfinite(x) else 0.0
    say_at(ax, text, at, row, dx=-5 if left else 5, ha="right" if left else "left", **voice)


def legend(ax: Axes, shades: Mapping[str, str]) -> None:
    """The names of the series with their colours, in one line over the bars."""
    figure = whole(ax)
    x, y = 0.0, 1 - 27 / (figure.get_figheight() * 72)
    for name, shade in shades.items():
        text = shorten(name, (WIDTH - 26 * len(shades)) / len(shades))
        figure.text(x / WIDTH, y, "■", color=shade, fontsize=SIZE, va="center")
        figure.text((x + 12) / WIDTH, y, text, fontsize=SMALL, va="center", color=color("ink"))
        x += 26 + text_width(text, SMALL)


def reference(
    ax: Axes, at: tuple[float, str] | None, *, upright: bool, clear_of: Sequence[Any] = ()
) -> None:
    """A dashed line at a value, with its words where no line of `clear_of` runs through them."""
    if at is None:
        return
    value, said = at
    look: dict[str, Any] = {"color": color("muted"), "lw": 1, "ls": (0, (4, 3)), "zorder": 1}
    if upright:
        ax.axvline(value, **look)
    else:
        ax.axhline(value, xmax=0.95 if clear_of else 1, **look)  # names stand at the lines' ends
    if upright:
        side = "right" if value > sum(ax.get_xlim()) / 2 else "left"
        within = ("data", "axes fraction")
        say_at(ax, said, value, 1, dy=4, ha=side, va="bottom", quiet=True, within=within)
    else:
        x, dy = _clear_place(ax, said, value, clear_of)
        within = ("axes fraction", "data")
        say_at(ax, said, x, value, dx=2, dy=dy, quiet=True, within=within)


def _clear_place(ax: Axes, said: str, value: float, lines: Sequence[Any]) -> tuple[float, float]:
    """Where along a level line its words are crossed least: how far right, how far up."""
    scale = 72 / ax.figure.dpi
    box, (_, level) = ax.get_window_extent(), ax.transData.transform((0, value)) * scale
    wide, room = text_width(said, SMALL) + 4, frame_width(ax)
    paths = [ax.transData.transform(np.asarray(line, dtype=float)) * scale for line in lines]
    best = (np.inf, 0.0, 8.0)
    for dy in (8.0, -8.0):
        for x in np.linspace(0, max(0.94 - wide / room, 0), 7):  # the names at the end keep clear
            left = box.x0 * scale + x * room
            across = np.linspace(left, left + wide, 30)
            heights = [np.interp(across, path[:, 0], path[:, 1], np.inf, np.inf) for path in paths]
            hits = float(sum((abs(one - level - dy) < 7).sum() for one in heights))
            best = min(best, (hits, float(x), dy), key=lambda one: one[0])
    return best[1], best[2]


class Beside:
    """Words beside points, each where it touches no other, or not at all."""

    def __init__(self, ax: Axes) -> None:
        self.ax = ax
        self.taken: list[tuple[float, float, float, float]] = []
        box = ax.get_window_extent()
        self.scale = 72 / ax.figure.dpi
        self.edge = (box.x0 * self.scale, box.y0 * self.scale, WIDTH, (box.y1 + 16) * self.scale)

    def keep_clear(self, x: float, y: float) -> None:
        """No words over this point."""
        px, py = self.ax.transData.transform((x, y)) * self.scale
        self.taken.append((px - 2, py - 3, px + 2, py + 3))

    def write(self, text: str, x: float, y: float, *, strong: bool, sides: str = "rlnse") -> None:
        """Write `text` right, left, north, south or south-east of a point, the first that fits."""
        text = textwrap.shorten(text, 30, placeholder="…")
        wide, tall = text_width(text, SMALL, strong=strong), SIZE
        px, py = self.ax.transData.transform((x, y)) * self.scale
        spots = {"r": (7.0, 0.0), "l": (-wide - 7, 0.0), "n": (-wide / 2, 11.0)}
        spots |= {"s": (-wide / 2, -11.0), "e": (7.0, -11.0)}
        for dx, dy in (spots[side] for side in sides):
            box = (px + dx, py + dy - tall / 2, px + dx + wide, py + dy + tall / 2)
            if self._fits(box):
                self.taken.append(box)
                say_at(self.ax, text, x, y, dx=dx, dy=dy, strong=strong)
                return

    def _fits(self, box: tuple[float, float, float, float]) -> bool:
        (x0, y0, x1, y1), (left, low, right, high) = box, self.edge
        inside = x0 >= left and x1 <= right and y0 >= low and y1 <= high
        return inside and not any(
            x0 < b[2] + 3 and b[0] < x1 + 3 and y0 < b[3] + 1 and b[1] < y1 + 1 for b in self.taken
        )


def apart(places: Sequence[float], gap: float) -> list[float]:
    """`places` (ascending) moved to be `gap` apart, around their middle."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + gap) if moved else place)
    shift = sum(b - a for a, b in zip(places, moved, strict=True)) / max(len(moved), 1)
    return [place - shift for place in moved]


# --- ticks ---------------------------------------------------------------------------------------


def number_ticks(axis: Any, scale: Scale, *, log: bool, count: int = 5) -> None:
    """Few, round ticks, written in the reader's language."""
    low, high = axis.get_view_interval()
    if log:
        axis.set_minor_locator(NullLocator())
        steps: Any = [10.0**power for power in range(-6, 13)]
    else:
        steps = MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    pad = (high - low) * 1e-9
    at = [round(tick, 12) for tick in steps if low - pad <= tick <= high + pad]
    scale = _as_fine_as(scale, at)
    write_ticks(axis, at, [scale.write(tick) for tick in at])


def _as_fine_as(scale: Scale, ticks: Sequence[float]) -> Scale:
    """The axis's scale with as many digits as its ticks need to differ."""
    unit = 100.0 if scale.unit == "share" else 1000.0**-scale.step
    fits = (
        digits
        for digits in range(5)
        if all(
            abs(t - round(t)) < 1e-6 * max(1, abs(t)) for t in np.array(ticks) * unit * 10**digits
        )
    )
    return Scale(scale.unit, scale.step, next(fits, scale.digits), scale.language)


def date_ticks(ax: Axes, language: str) -> None:
    """Years, months or days, whichever are few enough."""
    low, high = ax.get_xlim()
    locator: Any = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    at = [t for t in locator.tick_values(_day(low), _day(high)) if low <= t <= high]
    days = [_day(tick) for tick in at]
    years = all(day.month == day.day == 1 for day in days)
    pattern = "y" if years else "MMM y" if all(day.day == 1 for day in days) else "d MMM"
    write_ticks(ax.xaxis, at, [format_date(d, pattern, locale=LOCALES[language]) for d in days])


def _day(number: float) -> Any:
    return num2date(number)  # type: ignore[no-untyped-call]


def write_ticks(axis: Any, at: Sequence[float], words: Sequence[str]) -> None:
    """These words at these places, quietly."""
    axis.set_tick_params(which="both", length=0, labelcolor=color("muted"), pad=5)
    axis.set_ticks(at, words)


# --- text ----------------------------------------------------------------------------------------


def wrap(label: str, width: int) -> str:
    """A label in at most two lines of `width` letters."""
    return "\n".join(textwrap.wrap(label, width, max_lines=2, placeholder="…"))


def shorten(text: str, points: float) -> str:
    """`text`, cut where it is wider than `points`."""
    while len(text) > 4 and text_width(text, SMALL) > points:
        text = text[:-2].rstrip("… ") + "…"
    return text


def widest(texts: Iterable[str], *, strong: bool = False) -> float:
    """How wide the widest of `texts` is in points."""
    return max((text_width(text, SIZE, strong=strong) for text in texts), default=0.0)


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, *, strong: bool = False) -> float:
    """How wide `text` is in points."""
    font = font_manager.get_font(brand().font_file("SemiBold" if strong else "Regular", "otf"))
    font.set_size(size, 72)
    font.set_text(displayable(text), 0.0)
    return float(font.get_width_height()[0]) / 64


def clean(text: str, prefix: str) -> str:
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
