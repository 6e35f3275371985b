"""The shipped fingerprints fit the rules in the code and are small and quick to open."""

from pathlib import Path

from music.originality import FINGERPRINTS_FOLDER, Fingerprints, measure_shared_run
from tests.factories.pieces import make_band, make_chorale

FOLDER = Path(__file__).resolve().parents[1] / "weights" / FINGERPRINTS_FOLDER
MAX_BYTES = 20_000_000


def test_they_are_at_most_20_megabytes():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= MAX_BYTES


def test_they_know_real_music_and_not_a_made_up_band():
    """Bach's chorale is in the training split of the JSB set, without its repeated notes; the band's guitar is drawn by dice."""
    found = Fingerprints.load(FOLDER)
    assert found is not None
    assert measure_shared_run(found, make_chorale()) > 20
    assert measure_shared_run(found, make_band(16)) < 20
