"""What holds for every test: property-based tests draw the same examples each time."""

from __future__ import annotations

from hypothesis import settings

# To hunt for new failures: pytest --hypothesis-profile=default
settings.register_profile("tutti", derandomize=True, database=None, deadline=None)  # no test is timed
settings.load_profile("tutti")
