"""The consultant's brand: one file of colours, font and logo for HTML, PDF, Excel and charts."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from segkit.errors import SegkitError

TEMPLATES = Path(__file__).parents[2] / "templates"
FONTS = TEMPLATES / "fonts"


@dataclass(frozen=True)
class Brand:
    """Name, font, logo and colours as ``templates/brand.toml`` gives them.

    Attributes
    ----------
    colors, dark
        ink, muted, line, grey, accent, wash, paper and warning, on light and on dark paper.
    palette
        At most five colours of series.
    """

    name: str
    font: str
    logo: str
    office_font: str
    palette: tuple[str, ...]
    colors: Mapping[str, str]
    dark: Mapping[str, str]

    def font_file(self, weight: str, ending: str) -> Path:
        """The file of one weight, such as ``Inter-Regular.otf``."""
        path = FONTS / f"{self.font.replace(' ', '')}-{weight}.{ending}"
        if not path.is_file():
            raise SegkitError(
                f"The brand's font {self.font} has no file {path.name} in templates/fonts.\n"
                "Fix: add the file, or name another font in templates/brand.toml."
            )
        return path

    @property
    def logo_svg(self) -> str:
        """The logo's drawing, or nothing."""
        return (TEMPLATES / self.logo).read_text("utf-8") if self.logo else ""


@lru_cache
def brand() -> Brand:
    """The brand of this project."""
    told = tomllib.loads((TEMPLATES / "brand.toml").read_text("utf-8"))
    return Brand(**{**told, "palette": tuple(told["palette"][:5])})


def displayable(text: str) -> str:
    r"""`text` in letters the font has: the nearest plain letter, or an empty box.

    PDF/UA refuses a page with a missing glyph, and a client's data may hold any character.

    Examples
    --------
    >>> displayable("Łódź ﬁ 東\u202e!")
    'Łódź fi □!'
    """
    known = _glyphs()
    return "".join(one if ord(one) in known else _nearest(one) for one in text)


def _nearest(letter: str) -> str:
    if letter == "\n" or unicodedata.category(letter) in ("Cc", "Zl", "Zp", "Zs"):
        return " "
    if unicodedata.category(letter) == "Cf":
        return ""
    plain = "".join(c for c in unicodedata.normalize("NFKD", letter) if ord(c) in _glyphs())
    return plain or "□"


@lru_cache
def _glyphs() -> frozenset[int]:
    from matplotlib.font_manager import get_font

    return frozenset(get_font(brand().font_file("Regular", "otf")).get_charmap())
