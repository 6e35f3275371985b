"""The command line as people run it: real processes, real networks where their weights are there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from music.midi import read_midi, write_midi
from tests.factories.pieces import make_band, make_melody

ROOT = Path(__file__).resolve().parents[2]
COMMON_FIELDS = {"seed", "checkpoint", "settings", "seconds", "num_notes", "num_bars", "checks"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    (folder / "in.mid").write_bytes(write_midi(make_melody()))
    (folder / "band.mid").write_bytes(write_midi(make_band()))
    return folder


def start(arguments, *, cwd=ROOT, **environment):
    """Run Python with these arguments and little else in its environment."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"} | environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def run(folder, *arguments):
    """Run one command on files in ``folder`` and return its JSON object."""
    placed = [str(folder / word) if word.endswith((".mid", ".ogg", ".png")) else word for word in arguments]
    done = start(["-m", "bot", *placed, "--json"])
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def read(path):
    return read_midi(path.read_bytes())


def test_generate_writes_what_was_asked(folder):
    report = run(
        folder,
        *("generate", "--genre", "rock", "--key", "C minor", "--tempo", "120", "--bars", "4"),
        *("--instruments", "piano,bass,drums", "--seed", "1"),
        *("-o", "out.mid", "--audio", "out.ogg", "--picture", "out.png"),
    )
    assert report.keys() >= COMMON_FIELDS | {"shared_run_notes"}
    assert (report["seed"], report["num_bars"], report["settings"]["key"]) == (1, 4, "C minor")
    assert report["checkpoint"].startswith("generator-")
    assert all(check["is_kept"] for check in report["checks"])
    assert read(folder / "out.mid").num_notes == report["num_notes"] > 0
    assert (folder / "out.ogg").read_bytes().startswith(b"OggS")
    assert (folder / "out.png").read_bytes().startswith(b"\x89PNG")


def test_options_of_sampling_change_the_music_and_are_written_down(folder):
    common = ("generate", "--bars", "1", "--instruments", "piano", "--seed", "3")
    plain = run(folder, *common, "-o", "plain.mid")
    bold = run(folder, *common, "--temperature-notes", "1.8", "--density", "sparse", "--memory", "60", "-o", "bold.mid")
    assert bold["settings"]["sampling"]["temperature_notes"] == 1.8
    assert read(folder / "plain.mid").tracks != read(folder / "bold.mid").tracks
    assert plain["remarks"] == bold["remarks"] == []


def test_genres_are_listed_with_what_they_were_learned_from(folder):
    genres = {each["genre"]: each for each in run(folder, "genres")["genres"]}
    assert not genres["rock"]["is_weak"]
    assert [each["is_weak"] for each in genres.values()] == [each["num_pieces"] < 30 for each in genres.values()]


def test_continue_goes_on_from_the_given_bars(folder):
    report = run(folder, "continue", "in.mid", "--bars", "2", "--seed", "1", "-o", "more.mid")
    assert (report["operation"], report["num_bars"]) == ("continue", 6)
    given = make_melody().tracks[0].notes
    assert any(set(given) <= set(track.notes) for track in read(folder / "more.mid").tracks)


def test_harmonize_keeps_the_melody(folder):
    report = run(folder, "harmonize", "in.mid", "--style", "chorale", "--seed", "1", "-o", "chorale.mid")
    assert report.keys() >= COMMON_FIELDS
    assert report["checkpoint"].startswith("harmonizer-")
    assert report["chords"]
    assert make_melody().tracks[0].notes in [track.notes for track in read(folder / "chorale.mid").tracks]


def test_typed_chords_are_followed_and_shown_bar_by_bar(folder):
    report = run(
        folder,
        *("harmonize", "in.mid", "--style", "chords", "--chords", "Dm7 | G7/B | Cmaj7 A7 | N.C."),
        *("--instrument", "organ", "--seed", "1", "-o", "chords.mid"),
    )
    assert report["chord_chart"] == "Dm7 | G7/B | Cmaj7 A7 | N.C."
    assert len(report["numerals"].split(" | ")) == 4
    assert {check["name"]: check["is_kept"] for check in report["checks"]}["chords"]
    assert read(folder / "chords.mid").tracks[-1].program == 16


def test_remix_changes_only_the_bars_asked_for(folder):
    report = run(
        folder,
        "remix",
        "band.mid",
        "--change",
        "pitch",
        "--share",
        "0.6",
        "--bars",
        "5-8",
        "--seed",
        "1",
        "-o",
        "r.mid",
    )
    assert report.keys() >= COMMON_FIELDS
    before, after = read(folder / "band.mid"), read(folder / "r.mid")
    border = 4 * 4 * before.ticks_per_quarter

    def notes(piece, *, is_early):
        return sorted(
            note for track in piece.tracks for note in track.notes if (note.onset_ticks < border - 20) == is_early
        )

    assert notes(after, is_early=True) == notes(before, is_early=True)
    assert notes(after, is_early=False) != notes(before, is_early=False)


def test_describe_finds_key_and_tracks(folder):
    report = run(folder, "describe", "band.mid")
    assert report.keys() >= COMMON_FIELDS
    assert (report["key"], report["tempo_bpm"], report["num_bars"]) == ("C major", 118, 8)
    assert [track["name"] for track in report["tracks"]] == ["Piano", "Bass", "Guitar", "Drums"]


def test_render_makes_sound_and_picture(folder):
    report = run(folder, "render", "in.mid", "--audio", "in.ogg", "--picture", "in.png", "--seconds", "2")
    assert report.keys() >= COMMON_FIELDS
    assert report["duration_seconds"] <= 3
    assert set(report["files"]) == {"audio", "picture"}
    assert (folder / "in.ogg").read_bytes().startswith(b"OggS")


# --- bad input: one process runs them all --------------------------------------------------------------------------

BAD_INPUT = [
    [],
    ["composse"],
    ["compose", "--minutes", "99"],
    ["generate", "--bars", "many"],
    ["generate", "--bars", "0"],
    ["generate", "--bars", "100000"],
    ["generate", "--key", "H sharp sharp"],
    ["generate", "--genre", "polka-core"],
    ["generate", "--instruments", "piano,kazoophone"],
    ["generate", "--metre", "7/8"],
    ["generate", "--tempo", "2"],
    ["generate", "--preset", "angry"],
    ["generate", "--temperature-notes", "9"],
    ["generate", "--density", "crowded"],
    ["generate", "--seed", "-1"],
    ["generate", "--colour", "blue"],
    ["generate", "-o", "no/such/folder/out.mid"],
    ["generate", "-o", "out.exe"],
    ["generate", "--audio", "out.aiff"],
    ["generate", "--picture", "out.bmp"],
    ["continue"],
    ["continue", "missing.mid"],
    ["harmonize", "in.mid", "--style", "loud"],
    ["harmonize", "in.mid", "--style", "chords", "--chords", "Dm7 | Hx7"],
    ["harmonize", "in.mid", "--style", "fill", "--bars", "2-3"],
    ["harmonize", "in.mid", "--style", "fill", "--bars", "two", "--track", "1"],
    ["harmonize", "in.mid", "--style", "track"],
    ["harmonize", "in.mid", "--style", "piano", "--instrument", "kazoophone"],
    ["remix", "in.mid", "--bars", "8-5"],
    ["remix", "in.mid", "--bars", "a"],
    ["remix", "in.mid", "--share", "0"],
    ["remix", "in.mid", "--change", "words"],
    ["remix", "."],
    ["describe", "broken.mid"],
    ["describe", "empty.mid"],
    ["describe", "notes.txt"],
    ["describe", "huge.mid"],
    ["remix", "huge.mid"],
    ["render", "broken.mid"],
    ["render", "in.mid", "--seconds", "0"],
    ["erase", "--user", "nobody"],
]
RUN_ALL = """
import contextlib, io, json, sys
if __name__ == "__main__":
    from bot.cli import main
    ends = []
    for arguments in json.loads(sys.argv[1]):
        sys.argv[1:] = arguments
        out, err, code = io.StringIO(), io.StringIO(), None
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as end:
                code = end.code
        ends.append([code, out.getvalue(), err.getvalue()])
    print(json.dumps(ends))
"""


@pytest.fixture(scope="module")
def ends(folder):
    (folder / "broken.mid").write_bytes(b"MThd\x00\x00\x00\x06\x00\x01")
    (folder / "empty.mid").write_bytes(b"")
    (folder / "notes.txt").write_text("C D E")
    with (folder / "huge.mid").open("wb") as huge:
        huge.truncate(10 * 2**30)  # ten sparse gigabytes: must not be read
    script = folder / "run_all.py"
    script.write_text(RUN_ALL)
    done = start([str(script), json.dumps(BAD_INPUT)], cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("index", range(len(BAD_INPUT)), ids=[" ".join(case) or "nothing" for case in BAD_INPUT])
def test_bad_input_ends_with_code_two_and_one_sentence(ends, index):
    code, out, err = ends[index]
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.strip().endswith((".", "?"))
    assert "Traceback" not in err


def test_missing_weights_are_told_in_one_sentence(folder):
    done = start(["-m", "bot", "generate", "--bars", "2", "-o", str(folder / "x.mid")], TUTTI_WEIGHTS=str(folder))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "TUTTI_WEIGHTS" in done.stderr


def test_command_line_imports_neither_torch_nor_discord():
    code = "import sys, bot.cli; print({'torch', 'discord'} & set(sys.modules))"
    done = start(["-c", code])
    assert done.stdout.strip() == "set()"
