"""A report counts what went in, why the rest did not, and where labels come from."""

import io
from collections import Counter

import msgspec
from rich.console import Console

from tests.training.small_corpus import make_corpus
from training.corpus_report import count_labels, find_weak_genres, make_report, report_tables


def test_counts_add_up():
    corpus = make_corpus()
    chunks = [corpus.rows[piece.start_row : piece.stop_row] for piece in corpus.pieces]
    outcomes = Counter({"lakh_subset: in": 6, "lakh_subset: off the grid": 2})
    report = make_report(names=["lakh_subset"], entries=corpus.pieces, chunks=chunks, outcomes=outcomes)
    sets = report["sets"]["lakh_subset"]
    assert sets["train"]["pieces"] == 4
    assert sum(each["events"] for each in sets.values()) == report["num_events"] == len(corpus.rows)
    assert sum(each["notes"] for each in sets.values()) == report["num_notes"]
    assert report["pieces_with_metre"] == {"4/4": 6}
    assert report["genres_train"]["rock"] == {"all": 4, "lakh_subset": 4}


def test_labels_say_where_they_come_from_and_only_training_counts():
    pieces = [
        msgspec.structs.replace(each, genres=("jazz", "pop"), origins=("artist", "folder"))
        for each in make_corpus().pieces
    ]
    labels = count_labels(pieces)
    assert labels["jazz"] == {"all": 4, "lakh_subset artist": 4}
    assert labels["pop"] == {"all": 4, "lakh_subset folder": 4}


def test_genres_with_few_labels_are_weak():
    labels = {"rock": {"all": 30}, "folk": {"all": 29}, "funk": {"all": 0}}
    assert find_weak_genres(labels) == ["folk", "funk"]


def test_tables_name_what_stayed_out_and_why():
    corpus = make_corpus()
    chunks = [corpus.rows[piece.start_row : piece.stop_row] for piece in corpus.pieces]
    outcomes = Counter({"lakh_subset: in": 6, "lakh_subset: off the grid": 2})
    report = make_report(names=["lakh_subset"], entries=corpus.pieces, chunks=chunks, outcomes=outcomes)
    console = Console(width=120, record=True, file=io.StringIO())
    for table in report_tables(report):
        console.print(table)
    text = console.export_text()
    assert "off the grid" in text
    assert "folk (weak)" in text
