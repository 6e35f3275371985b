"""Tracks get the parts that a listener would give them."""

from music.columns import columns_of_piece, find_bars
from music.piece import DRUM_PROGRAM, Piece
from music.roles import PART_ROLES, TrackProfile, find_roles, is_bass, name_part, rate_roles
from music.tokenizers.event import profile_tracks
from tests.factories.pieces import make_band, make_melody


def roles_of(piece: Piece) -> dict[int, str]:
    columns = columns_of_piece(piece)
    return find_roles(profile_tracks(columns, find_bars(columns)))


def make_profile(**changes) -> TrackProfile:
    facts = {
        "instrument": 0, "name": "", "num_notes": 100, "mean_pitch": 65.0, "polyphony": 0.0, "median_quarters": 0.5,
        "coverage": 0.9,
    }  # fmt: skip
    return TrackProfile(**(facts | changes))


def test_a_band_has_drums_bass_and_a_pad():
    """The piano of this band holds chords for a whole bar."""
    roles = roles_of(make_band())
    assert (roles[0], roles[1], roles[3]) == ("pad", "bass", "drums")


def test_a_single_melody_is_a_lead():
    assert roles_of(make_melody()) == {0: "lead"}


def test_every_role_but_drums_is_given_once():
    profiles = [make_profile(instrument=program) for program in (0, 24, 33, 34, 40, 48, 73, 90)]
    profiles += [make_profile(instrument=DRUM_PROGRAM), make_profile(instrument=DRUM_PROGRAM)]
    roles = find_roles(profiles)
    pitched = [role for role in roles.values() if role != "drums"]
    assert sorted(pitched) == sorted(PART_ROLES[1:])
    assert roles[8] == roles[9] == "drums"


def test_a_named_voice_leads_and_long_strings_are_the_pad():
    roles = find_roles(
        [
            make_profile(instrument=48, polyphony=0.9, median_quarters=4.0),
            make_profile(instrument=0, name="Vocals"),
            make_profile(instrument=25, polyphony=0.9),
        ]
    )
    assert roles == {0: "pad", 1: "lead", 2: "chords"}


def test_our_own_names_bring_the_role_back():
    """A piece that we wrote is read with the parts it was written with, whatever they look like."""
    profiles = [make_profile(name=name_part("Flute", role)) for role in PART_ROLES[1:]]
    assert find_roles(profiles) == dict(enumerate(PART_ROLES[1:]))


def test_a_track_without_notes_has_no_role():
    assert find_roles([make_profile(num_notes=0)]) == {}


def test_instruments_suit_roles():
    assert max(rate_roles(73), key=lambda role: rate_roles(73)[role]) == "lead"
    assert max(rate_roles(0), key=lambda role: rate_roles(0)[role]) == "chords"
    assert max(rate_roles(48), key=lambda role: rate_roles(48)[role]) == "pad"
    assert is_bass(33)
    assert not is_bass(0)
