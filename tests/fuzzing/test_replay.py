"""What fuzzing found and kept, played through the targets in plain Python: what was mended stays mended."""

from __future__ import annotations

import pytest

from fuzzing.campaign import KEPT_CORPUS, KEPT_FINDINGS
from fuzzing.replaying import inputs_of, replay
from fuzzing.report import read_findings
from fuzzing.targets.registry import NAMES, load_target

_MOST_BYTES = 1_000_000
_MOST_SEEDS = 400


@pytest.mark.parametrize("name", NAMES)
def test_no_kept_input_and_no_finding_breaks_a_promise(name):
    """Refused with a sentence, or good music: nothing else, and in time."""
    assert replay(load_target(name)) == []


@pytest.mark.parametrize("name", [name for name in NAMES if name != "interactions"])
def test_no_seed_breaks_a_promise(name):
    """Running status over meta events, extra and missing bytes, film frames, long numbers, and their like in each format."""
    target = load_target(name)
    seeds = list(target.seeds())
    assert len({title for title, _ in seeds}) == len(seeds) < _MOST_SEEDS
    for _, data in seeds:
        assert target.run(data[: target.max_bytes])


def test_what_is_kept_is_small():
    sizes = [path.stat().st_size for name in NAMES for path in inputs_of(name)]
    assert sum(sizes) < _MOST_BYTES


def test_every_finding_is_in_the_table_and_every_row_has_its_file():
    """With what happened and the commit that mended it."""
    files = {f"{name}/{path.name}" for name in NAMES for path in inputs_of(name, folders=(KEPT_FINDINGS,))}
    rows = read_findings()
    assert {row.file for row in rows} == files
    assert all(row.what and row.found_by and row.mended for row in rows)


def test_nothing_is_kept_for_targets_that_are_gone():
    kept = {path.name for folder in (KEPT_CORPUS, KEPT_FINDINGS) for path in folder.iterdir() if path.is_dir()}
    assert kept <= set(NAMES)
