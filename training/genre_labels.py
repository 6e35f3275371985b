"""Genre labels of Lakh's files: from the folders of one source, from artists, from file names. It reads no files.

The lists of artists and words are ours, written from general knowledge for the genres that the folders do not name or
hardly name; nobody checked them against the music. Each label keeps its origin, so reports can say where it comes from.
A genre map of the full data set may speak our names or the usual ones of tag collections (``parse_genres``).
"""

from __future__ import annotations

import re

from music.vocabulary import GENRES

FEW_LABELS = 30
"""A genre with fewer labelled training pieces is weak."""

FOLDER_GENRES = {
    "rock": "rock", "pop": "pop", "country": "country", "rap_hip_hop": "hip-hop", "rnb_soul": "soul", "classic": "classical",
}  # fmt: skip

ARTISTS: dict[str, tuple[str, ...]] = {
    "electronic": (
        "2 Unlimited", "Black Box", "Blue System", "Bomfunk MC's", "C+C Music Factory", "Captain Jack", "Daft Punk",
        "Double You", "Enigma", "Erasure", "Eurythmics", "Fatboy Slim", "Haddaway", "Kraftwerk", "Marusha", "Moby",
        "Party Animals", "Pet Shop Boys", "Robert Miles", "The Human League", "The Outhere Brothers", "The Prodigy",
        "Vengaboys",
    ),
    "folk": (
        "America", "Bob Dylan", "Dan Fogelberg", "Don McLean", "Gordon Lightfoot", "James Taylor", "John Denver",
        "Joni Mitchell", "Simon Paul", "Taylor James", "The Byrds", "The Lovin' Spoonful", "The Mamas & The Papas",
    ),
    "funk": (
        "Average White Band", "Brown James", "Cameo", "Chic", "Commodores", "Curtis Mayfield", "Earth, Wind & Fire",
        "Jamiroquai", "Kool & The Gang", "Prince", "The Isley Brothers", "War",
    ),
    "jazz": (
        "Big Bad Voodoo Daddy", "Cole Porter", "Dave Grusin", "Duke Ellington", "Fourplay", "Frank Sinatra",
        "George Benson", "Herbie Hancock", "Herbie Mann", "Kenny G", "Nat King Cole", "Oscar Peterson", "Tatum Art",
        "Weather Report",
    ),
}  # fmt: skip

NAME_WORDS: dict[str, tuple[str, ...]] = {
    "classical": (
        "bach", "beethoven", "brahms", "bwv", "chopin", "chpn", "debussy", "grieg", "haydn", "mendel", "mozart", "muss",
        "schub", "schubert", "schuim", "schumann", "tchaikovsky", "vivaldi", "waldstein",
    ),
    "electronic": ("darude", "dnb", "rave", "techno", "technom", "trance"),
    "folk": ("folk", "irish", "jig", "reel"),
    "funk": ("funk", "funky"),
    "game": ("donkeykong", "kirby", "mario", "megaman", "metroid", "pokemon", "sonic", "touhou", "zelda"),
    "jazz": (
        "blues", "bossa", "bossanova", "corea", "coltrane", "ellington", "hhancock", "jazz", "jobim", "krall", "monk",
        "nkcole", "ragtime", "rippingtons",
    ),
}  # fmt: skip
"""Whole words of file names; digits and signs part words."""

_TAGS = {
    "alternative": "rock", "blues": "jazz", "celtic": "folk", "dance": "electronic", "disco": "funk", "hip hop": "hip-hop",
    "hiphop": "hip-hop", "indie": "rock", "metal": "rock", "pop/rock": "rock", "pop rock": "rock", "pop_rock": "rock",
    "punk": "rock", "r&b": "soul", "rap": "hip-hop", "rnb": "soul", "soundtrack": "game", "techno": "electronic",
    "trance": "electronic", "house": "electronic", "world": "folk",
} | {name: name for name in GENRES}  # fmt: skip
_GENRE_OF_ARTIST = {name.casefold(): genre for genre, names in ARTISTS.items() for name in names}
_GENRE_OF_WORD = {word: genre for genre, words in NAME_WORDS.items() for word in words}

Labels = dict[str, str]
"""Genre -> where the label comes from."""


def label_lakh(*, folders: str, artist: str, filename: str) -> Labels:
    """Return the labels of a file of the subset: of its folders (comma-separated) and artist, else of its name."""
    labels: Labels = {}
    for name in folders.split(","):
        if name in FOLDER_GENRES:
            labels.setdefault(FOLDER_GENRES[name], "folder")
    by_artist = _GENRE_OF_ARTIST.get(artist.strip().strip('"').casefold())
    if by_artist is not None:
        labels.setdefault(by_artist, "artist")
    if not labels:
        for word in re.findall(r"[a-z]+", filename.casefold().removesuffix(".mid")):
            if word in _GENRE_OF_WORD:
                labels.setdefault(_GENRE_OF_WORD[word], "file name")
    return labels


def parse_genres(text: str) -> Labels:
    """Return the labels in a genre map's entry, names parted by commas or semicolons; unknown names are left out."""
    names = (name.strip().casefold() for name in re.split(r"[,;|]", text))
    return {_TAGS[name]: "genre map" for name in names if name in _TAGS}
