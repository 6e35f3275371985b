"""The mutators: the same seed changes the same way, within the size, and structure stays what the readers need to get further."""

from __future__ import annotations

import json
import random

import pytest

from fuzzing.midi_files import chunk, header, mutate_midi
from fuzzing.targets.registry import NAMES, load_target

_WITH_MUTATORS = [name for name in NAMES if name not in {"frames", "interactions"}]


def blind(data: bytes, limit: int) -> bytes:
    """In place of the fuzzer's own change: turn the bytes round."""
    return bytes(reversed(data))[:limit]


@pytest.mark.parametrize("name", _WITH_MUTATORS)
def test_the_same_seed_changes_the_same_way_and_keeps_the_size(name):
    target = load_target(name)
    assert target.mutate is not None
    data = next(data for _, data in target.seeds())
    results = set()
    for seed in range(150):
        changed = target.mutate(data, 5000, seed, blind)
        assert changed == target.mutate(data, 5000, seed, blind)
        assert len(changed) <= 5000
        results.add(changed)
    assert len(results) > 10


def test_most_changed_midi_files_keep_true_lengths():
    """Otherwise nearly all of them would be refused at the door."""
    data = header(num_tracks=2) + chunk(b"\x00\x90\x3c\x50\x60\x3c\x00") * 2
    whole = 0
    for seed in range(200):
        changed = mutate_midi(data, 4000, seed, blind)
        at = 14
        while at + 8 <= len(changed) and changed[at : at + 4] == b"MTrk":
            at += 8 + int.from_bytes(changed[at + 4 : at + 8], "big")
        whole += changed[:4] == b"MThd" and at == len(changed)
    assert whole > 120


def test_anything_can_be_mutated():
    """An empty input, and what is none of the format."""
    for name in _WITH_MUTATORS:
        target = load_target(name)
        assert target.mutate is not None
        for data in (b"", b"\xff", b"MThd", b"PK\x03\x04", random.Random(1).randbytes(100)):
            for seed in range(20):
                assert isinstance(target.mutate(data, 200, seed, blind), bytes)


def test_changed_scenarios_are_scenarios():
    from fuzzing.scenario_mutator import mutate_scenario

    data = json.dumps([{"do": "command", "name": "generate", "options": {"bars": 4}}]).encode()
    pool = ({"do": "press", "id": 3}, {"do": "say", "text": "again"})
    for seed in range(300):
        changed = mutate_scenario(data, 2000, seed, blind, pool=pool)
        assert changed == mutate_scenario(data, 2000, seed, blind, pool=pool)
        data = changed if len(changed) > 10 else data
    assert all(isinstance(event, dict | list | str | int | float | bool | None) for event in json.loads(data))
