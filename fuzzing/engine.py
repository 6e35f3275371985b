"""The process that fuzzes one target: atheris instruments our code, libFuzzer makes inputs, failures are written down and it goes on.

Run as ``python -m fuzzing.engine --target NAME --folder FOLDER -- LIBFUZZER OPTIONS``. Nothing of ours may be imported before
the instrumentation. What ends the process itself (a crash in C, a hang, too much memory) is libFuzzer's to report.
"""

from __future__ import annotations

import argparse
import sys
import time
import types
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import atheris

from fuzzing.signatures import Signature, sign
from fuzzing.target import Target

INSTRUMENTED = ("core", "music", "media", "bot", "cogs", "inference")
SLOW_SECONDS = 6.0
"""Processor time of one input; a media child is killed after nine seconds."""


class SlowInputError(Exception):
    """An input that takes so long that people would wait."""


class Notes:
    """The failures of this process, one file for each kind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._counts: Counter[str] = Counter()
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, error: BaseException, data: bytes) -> None:
        """Keep the first input of each kind, and the shortest."""
        found = sign(error)
        self._counts[found.name] += 1
        path = self._folder / f"{found.name}.bin"
        if not path.exists() or len(path.read_bytes()) > len(data):
            path.write_bytes(data)
            path.with_suffix(".txt").write_text(_describe(found))


def _describe(found: Signature) -> str:
    return f"{found.summary}\n\n{found.details}\n"


def main() -> None:
    """Fuzz until libFuzzer has had enough."""
    options, rest = _parse()
    with atheris.instrument_imports(  # pyright: ignore[reportAttributeAccessIssue] - the package fills itself
        include=list(INSTRUMENTED)
    ):
        from fuzzing.targets.registry import load_target

        target = load_target(options.target)
    _guide_by(target.guided_modules)
    for _, data in islice(target.seeds(), 1):  # what is imported at the first use is nobody's fault
        target.run(data)
    notes = Notes(options.folder / "findings" / target.name)

    def test_one_input(data: bytes) -> None:
        began = time.process_time()
        try:
            target.run(data)
        except Exception as error:  # noqa: BLE001 - whatever comes out is a finding
            notes.write(error, data)
        else:
            seconds = time.process_time() - began
            if seconds > SLOW_SECONDS:
                notes.write(SlowInputError(f"{seconds:.1f} seconds of processor time"), data)

    arguments = [sys.argv[0], *rest, f"-max_len={target.max_bytes}", *_dictionary(target, options.folder)]
    mutator = _mutator(target)
    if mutator is None:
        atheris.Setup(arguments, test_one_input)
    else:
        atheris.Setup(arguments, test_one_input, custom_mutator=mutator)
    sys.stderr = Path("/dev/null").open("w")  # noqa: SIM115 - what libraries say of each input; libFuzzer has its own way out
    atheris.Fuzz()


def _parse() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="python -m fuzzing.engine", description=__doc__)
    parser.add_argument("--target", required=True)
    parser.add_argument("--folder", type=Path, required=True, help="for findings and dictionaries")
    parser.add_argument("rest", nargs="*", help="options of libFuzzer and folders of inputs, after --")
    options = parser.parse_args()
    return options, options.rest


def _mutator(target: Target) -> Any:
    change = target.mutate
    if change is None:
        return None

    def mutate(data: bytes, max_bytes: int, seed: int) -> bytes:
        return change(data, max_bytes, seed, lambda part, limit: bytes(atheris.Mutate(part, limit)))

    return mutate


def _dictionary(target: Target, folder: Path) -> Iterable[str]:
    if not target.words:
        return
    path = folder / f"{target.name}.dict"
    path.write_text(
        "".join('"' + "".join(f"\\x{byte:02x}" for byte in word[:60]) + '"\n' for word in target.words if word)
    )
    yield f"-dict={path}"


def _guide_by(names: Iterable[str]) -> None:
    """Instrument functions of other people's modules, too; a whole package of theirs would take a minute to load."""
    for name in names:
        module = sys.modules.get(name) or __import__(name, fromlist=["_"])
        for value in list(vars(module).values()):
            members = list(vars(value).values()) if isinstance(value, type) else [value]
            for member in members:
                plain = getattr(member, "__func__", member)
                if isinstance(plain, types.FunctionType) and plain.__module__ == name:
                    atheris.instrument_func(plain)  # pyright: ignore[reportAttributeAccessIssue] - as above


if __name__ == "__main__":
    main()
