"""What is kept of a campaign, and what a folder of files gives in figures."""

from __future__ import annotations

import json

import pytest

from fuzzing.collection import read_collection, recall, remember
from fuzzing.corpus import arcs_of, keep_corpus
from fuzzing.journal import Journal
from fuzzing.midi_files import hard_files
from fuzzing.report import write_report
from fuzzing.targets.registry import NAMES, load_target
from tests.fuzzing.test_campaign import make_leg


@pytest.fixture
def files(tmp_path):
    """A folder of hard MIDI files, a tune, a score that is none, and a text that is no music."""
    folder = tmp_path / "files"
    (folder / "below").mkdir(parents=True)
    for name, data in list(hard_files())[:12]:
        (folder / "below" / f"{name}.mid").write_bytes(data)
    (folder / "tune.abc").write_text("X:1\nM:4/4\nL:1/8\nK:G\nGABc dedB|\n")
    (folder / "bad.xml").write_text("<html/>")
    (folder / "read.me").write_text("not music")
    return folder


def test_every_file_of_a_folder_is_counted_once(files, tmp_path):
    """Read, refused with its sentence, or broken; figures of another reading of the same folder take the place of the old."""
    outcome = read_collection(files, name="hard", version="1")
    assert outcome.files == 14 == outcome.read + outcome.refused
    assert (outcome.broken, outcome.failures) == (0, {})
    assert sum(outcome.sentences.values()) == outcome.refused > 0
    assert all(sentence.endswith(".") for sentence in outcome.sentences)

    path = tmp_path / "work" / "collections.json"
    for name in ("hard", "other", "hard"):
        remember(read_collection(files, name=name, version="2"), path)
    assert [each.name for each in recall(path)] == ["other", "hard"]


def test_the_smallest_inputs_that_reach_something_new_are_kept(tmp_path):
    """Twice the same is kept once, and so is what reaches nothing that the seeds do not reach."""
    target = load_target("frames")
    found, kept = tmp_path / "found", tmp_path / "kept"
    found.mkdir()
    seeds = [data for _, data in target.seeds()]
    rare = bytes((6,)) + json.dumps({"tutti": 2, "operation": "generate"}).encode()
    for index, data in enumerate([*seeds, rare, rare + b" "]):
        (found / f"{index}").write_bytes(data)
    outcome = keep_corpus(target, found, kept=kept)
    assert [path.read_bytes() for path in (kept / "frames").iterdir()] == [rare]
    assert (outcome.files, outcome.bytes, outcome.of_files) == (1, len(rare), len(set(seeds)) + 2)
    assert keep_corpus(target, tmp_path / "nothing", kept=kept).files == 1


def test_what_an_input_reaches_is_the_same_each_time():
    target = load_target("words")
    seeds = [data for _, data in target.seeds()][:3]
    for data in seeds:
        target.run(data)  # what is looked up once
    first = [arcs_of(target, data) for data in seeds]
    assert [arcs_of(target, data) for data in seeds] == first
    assert all(first)


def test_the_report_adds_up_the_journal(tmp_path):
    """All legs, by target, with the table of findings and what is kept."""
    journal = Journal(tmp_path / "journal.jsonl")
    for name in ("midi", "midi", "abc"):
        journal.write(make_leg(target=name))
    output = tmp_path / "fuzzing.json"
    write_report(tmp_path, output)
    figures = json.loads(output.read_text())
    assert (figures["minutes"], figures["executions"]) == (3.0, 300)
    assert [each["target"] for each in figures["targets"]] == list(NAMES)
    assert {each["target"]: each["legs"] for each in figures["targets"]}["midi"] == 2
    assert figures["findings"] == len(figures["findings_table"]) > 5
