"""Which genre a piece of the corpus has, where its data set says so. It knows nothing of networks.

Labels of Lakh are the folders of one source (``genre_hint``), unchecked; of OpenEWLD its styles; all of OpenScore counts as
classical and all of the game music as game. POP909 is left out: its label would say no more than which set a file is from.
"""

from __future__ import annotations

import json
from pathlib import Path

from training.archives import unpack_set
from training.datasets import LISTERS
from training.octuple_corpus import OctupleCorpus

GENRES = ("rock", "pop", "country", "hip-hop", "soul", "classical", "jazz", "game", "folk")
LABELLED_SETS = ("lakh_subset", "open_game_music", "openewld", "openscore_lieder", "openscore_quartets")
UNLABELLED = -1


def label_pieces(corpus: OctupleCorpus, folder: Path, *, archives: Path, scratch: Path) -> tuple[int, ...]:
    """Return the number of each piece's genre, the first where a set gives several; ``UNLABELLED`` for the others.

    The table is kept as ``genres.json`` in ``folder``, because listing the sets takes a while.
    """
    path = folder / "genres.json"
    if path.exists():
        table: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    else:
        table = {
            f"{source.data_set}/{source.path.stem}": source.genres[0]
            for name in LABELLED_SETS
            if name in corpus.weights
            for source in LISTERS[name](unpack_set(archives, name, scratch=scratch))
            if source.genres
        }
        path.write_text(json.dumps(table), encoding="utf-8")
    numbers = {genre: index for index, genre in enumerate(GENRES)}
    found = (table.get(f"{piece.data_set}/{piece.name}", "") for piece in corpus.pieces)
    return tuple(numbers.get(genre, UNLABELLED) for genre in found)
