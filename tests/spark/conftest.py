"""These need PySpark and Java: `make test-spark` has both, and nothing here skips itself."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("pyspark") else ["test_*.py"]
