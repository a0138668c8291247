"""Exact arithmetic in SQL: every number is one whole number over another until it is compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd

from segkit.errors import EngagementError

Whole = int | str


@dataclass(frozen=True)
class Num:
    """A number as SQL.

    Attributes
    ----------
    above
        Whole: an expression, or an int where it is known.
    below
        Whole and above zero, or NULL where there is nothing to divide by; an int where known.
    is_money
        Counted in minor units.
    real
        The SQL of a number that is not exact in its table, instead of both.
    """

    above: Whole = 0
    below: Whole = 1
    is_money: bool = False
    real: str | None = None

    @property
    def constant(self) -> Fraction | None:
        """Its value, where it is a literal."""
        if self.real is None and isinstance(self.above, int) and isinstance(self.below, int):
            return Fraction(self.above, self.below)
        return None

    @property
    def as_double(self) -> str:
        """Its SQL as a DOUBLE."""
        if self.real is not None:
            return self.real
        double = f"CAST({self.above} AS DOUBLE)"
        return double if self.below == 1 else f"({double} / {self.below})"

    def as_money(self, minor: int) -> Num:
        """The same number of currency, in minor units."""
        return self if self.is_money else replace(times(self, Num(minor)), is_money=True)

    def as_number(self, minor: int) -> Num:
        """The same amount as a number of currency."""
        return times(replace(self, is_money=False), Num(1, minor)) if self.is_money else self


def exactly(value: Fraction) -> Num:
    """A literal."""
    return Num(value.numerator, value.denominator)


def times(one: Num, other: Num) -> Num:
    """The product; money times a number is money."""
    is_money = one.is_money or other.is_money
    if one.real is not None or other.real is not None:
        return Num(real=f"({one.as_double} * {other.as_double})", is_money=is_money)
    if isinstance(other.above, int):
        one, other = other, one
    below = _product(one.below, other.below)
    if not isinstance(one.above, int) or not isinstance(below, int):
        return Num(_product(one.above, other.above), below, is_money)
    shared = gcd(one.above, below)
    return Num(_product(one.above // shared, other.above), below // shared, is_money)


def over(one: Num, other: Num, minor: int) -> Num:
    """The quotient; money over money is a number, and over nothing it is missing."""
    if one.is_money and other.is_money:
        one, other = replace(one, is_money=False), replace(other, is_money=False)
    other = other.as_number(minor)
    if other.constant == 0:
        raise EngagementError("The rule divides by 0.\nFix: divide by another number.")
    if other.constant is not None:
        return times(one, exactly(1 / other.constant))
    if one.real is not None or other.real is not None:
        real = f"({one.as_double} / nullif({other.as_double}, 0))"
        return Num(real=real, is_money=one.is_money)
    if not isinstance(other.below, int):
        raise EngagementError(
            "The rule divides by something that is a ratio itself.\n"
            "Fix: multiply by what that is divided by instead."
        )
    above = _product(_product(one.above, other.below), f"sign({other.above})")
    below = _product(one.below, f"nullif(abs({other.above}), 0)")
    return Num(above, below, one.is_money)


def plus(one: Num, other: Num, minor: int, *, sign: str = "+") -> Num:
    """The sum, or the difference; what is added to money is money."""
    one, other = _alike(one, other, minor)
    if one.real is not None or other.real is not None:
        real = f"({one.as_double} {sign} {other.as_double})"
        return Num(real=real, is_money=one.is_money)
    left, right, below = _on_one(one, other)
    if isinstance(left, int) and isinstance(right, int):
        return Num(left + right if sign == "+" else left - right, below, one.is_money)
    return Num(f"({_big(left)} {sign} {_big(right)})", below, one.is_money)


def compare(one: Num, sign: str, other: Num, minor: int) -> str:
    """A condition; exact but where a number is not exact in its table."""
    one, other = _alike(one, other, minor)
    if one.real is not None or other.real is not None:
        return f"{one.as_double} {sign} {other.as_double}"
    left, right, _ = _on_one(one, other)
    return f"{left} {sign} {right}"


def _alike(one: Num, other: Num, minor: int) -> tuple[Num, Num]:
    """Both in minor units where one is."""
    if one.is_money or other.is_money:
        return one.as_money(minor), other.as_money(minor)
    return one, other


def _on_one(one: Num, other: Num) -> tuple[Whole, Whole, Whole]:
    """What stands above when both stand over the same number, and that number."""
    if isinstance(one.below, int) and isinstance(other.below, int):
        shared = one.below * other.below // gcd(one.below, other.below)
        left = _product(one.above, shared // one.below)
        return left, _product(other.above, shared // other.below), shared
    below = _product(one.below, other.below)
    return _product(one.above, other.below), _product(other.above, one.below), below


def _product(one: Whole, other: Whole) -> Whole:
    if isinstance(one, int) and isinstance(other, int):
        return one * other
    if 1 in (one, other):
        return other if one == 1 else one
    return f"({_big(one)} * {_big(other)})"


def _big(one: Whole) -> Whole:
    """Whole numbers are multiplied in 128 bits: what does not fit there fails, and never wraps."""
    return one if isinstance(one, int) else f"CAST({one} AS HUGEINT)"
