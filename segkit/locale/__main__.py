"""``python -m segkit.locale``: bring the catalogues up to date with the code and notebooks."""

from segkit.locale import update

update()
