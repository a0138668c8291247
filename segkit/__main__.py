"""``python -m segkit`` is ``segkit``."""

from segkit.cli import main

if __name__ == "__main__":  # the processes that draw charts import this module too
    main()
