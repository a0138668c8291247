"""``python -m segkit`` is ``segkit``."""

from segkit.cli import main

main()
