"""Excerpts are legal, vary as they should, and lanes lose and double nothing."""

import numpy as np
import pytest

from music.tokenizers.event import EventTokenizer
from music.vocabulary import DRUM_PITCH, FIELDS, Kind, read_event
from tests.factories.pieces import make_band
from tests.training.small_corpus import make_corpus
from training.collate import (
    ExcerptConfig,
    ExcerptSource,
    LaneBatcher,
    cut_bars,
    density_class,
    drop_parts,
    shift_tempo,
    transpose_rows,
)


@pytest.fixture(scope="module")
def corpus():
    return make_corpus()


def kinds(rows: np.ndarray) -> list[Kind]:
    return [read_event(tuple(row))[0] for row in rows.tolist()]


def test_an_excerpt_depends_on_seed_and_number_alone(corpus):
    one, two = (ExcerptSource(corpus, split="train", seed=3) for _ in range(2))
    two.excerpt(5)
    assert np.array_equal(one.excerpt(7), two.excerpt(7))
    assert not np.array_equal(one.excerpt(7), ExcerptSource(corpus, split="train", seed=4).excerpt(7))


def test_an_excerpt_is_header_then_bars_and_end_only_at_the_song_s_end(corpus):
    source = ExcerptSource(corpus, split="train", seed=1)
    with_end = 0
    for number in range(40):
        rows = source.excerpt(number)
        found = kinds(rows)
        assert found[0] == Kind.CONTROL
        first_bar = found.index(Kind.BAR)
        assert set(found[1:first_bar]) == {Kind.TRACK}
        assert Kind.TRACK not in found[first_bar:]
        last_bar = [row for row, kind in zip(rows.tolist(), found, strict=True) if kind == Kind.BAR][-1]
        is_song_end = FIELDS["place"].value_of(last_bar[3]) == 16
        assert (found[-1] == Kind.END) == is_song_end
        with_end += is_song_end
        EventTokenizer().decode(rows[1:])
    assert 0 < with_end < 40


def test_the_validation_split_is_never_drawn_for_training(corpus):
    source = ExcerptSource(corpus, split="train", seed=1)
    assert {piece.name for piece in source.pieces} == {"band0", "band1", "band2", "band3"}


def test_controls_are_dropped_in_any_combination(corpus):
    source = ExcerptSource(corpus, split="train", seed=1)
    seen = {tuple(value >= 0 for value in read_event(tuple(source.excerpt(n)[0].tolist()))[1]) for n in range(80)}
    assert (True, False, True, True) in seen
    assert (False, False, False, False) in seen
    assert len(seen) >= 6


def test_transposition_moves_tones_and_chords_and_no_drum(corpus):
    piece = corpus.pieces[0]
    rows = np.array(corpus.rows[piece.start_row : piece.stop_row])
    moved, shift = transpose_rows(rows, 3)
    assert shift == 3
    for before, after in zip(rows.tolist(), moved.tolist(), strict=True):
        kind, old = read_event(tuple(before))
        _, new = read_event(tuple(after))
        if kind == Kind.NOTE:
            assert new[2] == old[2] + (3 if old[2] < DRUM_PITCH else 0)
        elif kind == Kind.CHORD:
            assert new[1] == (old[1] + 3) % 12
            assert new[3] == (old[3] + 3) % 12
        else:
            assert new == old


def test_nothing_moves_when_a_tone_would_leave_the_keyboard(corpus):
    piece = corpus.pieces[0]
    rows = np.array(corpus.rows[piece.start_row : piece.stop_row])
    moved, shift = transpose_rows(rows, 100)
    assert shift == 0
    assert np.array_equal(moved, rows)


def test_density_counts_notes_per_quarter():
    rows = EventTokenizer().encode(make_band(4))
    notes = sum(kind == Kind.NOTE for kind in kinds(rows))
    assert notes / 16 == pytest.approx(5.75, abs=0.3)
    assert density_class(rows) == 4


def test_cutting_bars_keeps_whole_bars(corpus):
    piece = corpus.pieces[0]
    rows = corpus.rows[piece.start_row : piece.stop_row]
    parts = [cut_bars(rows, start_bar=bar, stop_bar=bar + 1) for bar in range(piece.num_bars)]
    assert np.array_equal(np.concatenate(parts), rows)


def test_lanes_read_every_excerpt_event_by_event(corpus):
    """Put together again, what a lane saw of an excerpt is the excerpt: input n and target n + 1."""
    source = ExcerptSource(corpus, split="train", seed=1, config=ExcerptConfig(max_bars=10))
    batcher = LaneBatcher(source, num_lanes=2, segment_length=32)
    batches = [batcher.next_batch() for _ in range(20)]
    inputs = np.concatenate([batch.inputs[0] for batch in batches])
    targets = np.concatenate([batch.targets[0] for batch in batches])
    numbers = np.concatenate([batch.sequence[0] for batch in batches])
    for number in list(dict.fromkeys(numbers.tolist()))[:-1]:
        rows = source.excerpt(number)
        mine = numbers == number
        assert np.array_equal(inputs[mine][:, : rows.shape[1]], rows[:-1])
        assert np.array_equal(targets[mine], rows[1:])
    both = np.concatenate([batch.sequence for batch in batches], axis=1)
    assert set(both[0].tolist()).isdisjoint(both[1].tolist())


def test_dropping_parts_keeps_bars_chords_and_at_least_one_part(corpus):
    piece = corpus.of_split("train")[0]
    body = cut_bars(corpus.rows[piece.start_row : piece.stop_row], start_bar=0, stop_bar=4)
    note = FIELDS["kind"].id_of(Kind.NOTE)
    slots = set(body[body[:, 0] == note, 1].tolist())
    found = [drop_parts(body, np.random.default_rng(seed)) for seed in range(12)]
    assert all(np.array_equal(rows[rows[:, 0] != note], body[body[:, 0] != note]) for rows in found)
    left = [set(rows[rows[:, 0] == note, 1].tolist()) for rows in found]
    assert all(each and each < slots for each in left)
    assert len({tuple(sorted(each)) for each in left}) > 1


def test_tempo_moves_by_bins_and_stays_in_the_vocabulary(corpus):
    piece = corpus.of_split("train")[0]
    body = cut_bars(corpus.rows[piece.start_row : piece.stop_row], start_bar=0, stop_bar=4)
    bar = body[:, 0] == FIELDS["kind"].id_of(Kind.BAR)
    assert (shift_tempo(body, 2)[bar, 2] == body[bar, 2] + 2).all()
    tempo = FIELDS["tempo"]
    assert (shift_tempo(body, 10_000)[bar, 2] == tempo.offset + tempo.size - 1).all()
    assert np.array_equal(shift_tempo(body, 2)[~bar], body[~bar])
