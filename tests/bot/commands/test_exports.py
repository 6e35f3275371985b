"""``bot/commands/exports.py``: scores and exports of files, by real processes."""

from __future__ import annotations

import json
import zipfile

import pytest

from music.midi import write_midi
from tests.bot.test_cli import start
from tests.factories.pieces import make_band


@pytest.fixture(scope="module")
def band(tmp_path_factory):
    path = tmp_path_factory.mktemp("exports") / "band.mid"
    path.write_bytes(write_midi(make_band(1)))
    return path


def run(*arguments):
    done = start(["-m", "bot", *map(str, arguments), "--json"])
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_a_score_is_written_in_the_form_of_its_name(band, tmp_path):
    report = run("score", band, "-o", tmp_path / "bass.png", "--part", "bass")
    assert (tmp_path / "bass.png").read_bytes().startswith(b"\x89PNG")
    assert "for Bass" in report["alt_text"]


def test_an_export_is_a_zip_in_the_folder(band, tmp_path):
    """Stems of every track, MIDI and sound, with credits."""
    report = run("export", band, "--what", "stems", "-o", tmp_path)
    (path,) = report["files"].values()
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    assert {"manifest.json", "CREDITS.txt", "stems/02-bass.mid", "stems/02-bass.flac"} <= set(names)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("score", "-o", "x.doc"), "Let it end in .png, .pdf or .musicxml."),
        (("export", "--what", "vinyl"), "I do not know the export “vinyl”."),
        (("export", "--limit", "0"), "more than 0 megabytes"),
        (("export", "-o", "/no/such/folder"), "There is no folder"),
    ],
)
def test_bad_wishes_are_one_sentence(band, arguments, sentence):
    command, *rest = arguments
    done = start(["-m", "bot", command, str(band), *rest])
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
