"""``python -m bot compose`` as people run it: real processes, the shipped networks."""

from music.midi import read_recipe, write_midi
from music.time_grid import TimeGrid
from tests.bot.test_cli import read, run, start
from tests.factories.pieces import make_melody
from training.evaluation.form import read_songs


def test_a_song_is_written_with_its_plan_in_the_file(tmp_path):
    """Form, band and length as asked, every check kept, and the file tells its plan."""
    report = run(
        tmp_path,
        *("compose", "--genre", "pop", "--form", "A 4, B 4, A 4", "--instruments", "flute,piano,bass"),
        *("--tempo", "120", "--seed", "1", "-o", "song.mid"),
    )
    assert report["num_bars"] == TimeGrid(read(tmp_path / "song.mid")).num_bars == 12
    assert [check["name"] for check in report["checks"] if not check["is_kept"]] == []
    assert '"plan"' in read_recipe((tmp_path / "song.mid").read_bytes())
    ((_, plan),) = read_songs(tmp_path)
    assert plan.letters == "ABA"


def test_a_melody_in_a_file_becomes_a_song(tmp_path):
    """Note for note, and longer."""
    (tmp_path / "tune.mid").write_bytes(write_midi(make_melody()))
    report = run(tmp_path, "compose", "tune.mid", "--instruments", "piano", "--seed", "1", "-o", "song.mid")
    kept = next(check for check in report["checks"] if check["name"] == "kept_melody")
    assert kept["is_kept"]
    assert report["num_bars"] > 4


def test_a_form_that_is_none_ends_with_one_sentence():
    """And exit code 2."""
    done = start(["-m", "bot", "compose", "--form", "verse chorsu"])
    assert done.returncode == 2
    assert "chorus" in done.stderr
    assert len(done.stderr.splitlines()) == 1
