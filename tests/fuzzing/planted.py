"""A target with a bug in it, for the test that the fuzzer finds what is there to be found."""

from __future__ import annotations

from collections.abc import Iterator

from fuzzing.target import Target


def run(data: bytes) -> str:
    """Break at three letters in a row, which blind chance meets once in sixteen million."""
    depth = 0
    for letter, planted in zip(data, b"Bug", strict=False):
        if letter != planted:
            return "read"
        depth = _go_deeper(depth)
    return "read"


def _go_deeper(depth: int) -> int:
    """Take a branch of its own for each letter, as parsers do."""
    if depth == 0:
        return 1
    if depth == 1:
        return 2
    raise ZeroDivisionError("planted")


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield nothing that helps."""
    yield "nothing", b"....."


TARGET = Target(name="planted", run=run, seeds=seeds, max_bytes=8, guided_modules=("tests.fuzzing.planted",))
