"""Labels come from folders, artists and names, and say which."""

import pytest

from music.vocabulary import GENRES
from training.genre_labels import ARTISTS, FOLDER_GENRES, NAME_WORDS, label_lakh, parse_genres


def test_every_listed_genre_is_one_of_ours():
    assert {*ARTISTS, *NAME_WORDS, *FOLDER_GENRES.values()} <= set(GENRES)


def test_no_artist_and_no_word_stands_in_two_lists():
    for lists in (ARTISTS, NAME_WORDS):
        names = [name.casefold() for group in lists.values() for name in group]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("folders", "artist", "filename", "labels"),
    [
        ("pop,rock", "", "x.mid", {"pop": "folder", "rock": "folder"}),
        ("rock", "daft punk", "", {"rock": "folder", "electronic": "artist"}),
        ("", '"""Kool & The Gang"""', "", {"funk": "artist"}),
        ("", "", "Pokemon XY - Route 4567.mid", {"game": "file name"}),
        ("", "", "BWV986.MID", {"classical": "file name"}),
        ("", "", "Super Marionette.mid", {}),
        ("pop", "", "bwv1.mid", {"pop": "folder"}),  # names count only where nothing else does
        ("dance", "Nobody", "song.mid", {}),
    ],
)
def test_labels_of_the_subset(folders, artist, filename, labels):
    assert label_lakh(folders=folders, artist=artist, filename=filename) == labels


def test_a_genre_map_may_speak_other_names():
    assert list(parse_genres("Pop_Rock; Jazz, unheard of|RnB")) == ["rock", "jazz", "soul"]
    assert set(parse_genres("folk").values()) == {"genre map"}
