"""Holes are counted by hand, and no rule sees what is hidden."""

import numpy as np
import pytest
import torch

from inference.arranger_sizes import arranger_config
from inference.decoding.harmonizer import HarmonizerDecoder
from inference.protocol import Sampling
from music.columns import columns_of_piece
from music.piece import Note, Piece, Track
from tests.factories.harmonies import tiny_network
from training.evaluation.hole import (
    EMPTY,
    RULES,
    HoleCase,
    HoleCounts,
    HoleSong,
    choose_cases,
    cut_excerpt,
    fit_of_contexts,
    has_near_copy,
    list_cases,
    make_copy_rule,
    make_match_rule,
    make_network_filler,
    read_contents,
    score_filler,
    score_rules,
    song_of_columns,
)

_BAR = 1920


def song_of(*tracks):
    """A song in 4/4; a track is a list of bars, a bar a list of (16th, pitch)."""
    made = [
        Track(
            notes=tuple(
                Note(bar * _BAR + frame * 120, pitch, 60, 80)
                for bar, notes in enumerate(bars)
                for frame, pitch in notes
            )
        )
        for bars in tracks
    ]
    piece = Piece(tracks=tuple(made), length_ticks=len(tracks[0]) * _BAR)
    return HoleSong("song", piece, read_contents(piece))


A, B, C = [(0, 60), (4, 64)], [(0, 62), (8, 65)], [(2, 71)]


def test_contents_are_16ths_and_pitches():
    """An onset just before the bar line belongs to the next bar; two notes at one place are one."""
    piece = Piece(
        tracks=(Track(notes=(Note(70, 60, 10, 80), Note(130, 60, 10, 80), Note(_BAR - 20, 64, 300, 80))),),
        length_ticks=2 * _BAR,
    )
    assert read_contents(piece) == ((frozenset({(1, 60)}), frozenset({(0, 64)})),)


def test_columns_become_the_same_song():
    """Reading a song through columns keeps its contents; tracks without notes are left out."""
    song = song_of([A, B, A], [[], [], []], [C, C, B])
    assert song_of_columns("song", columns_of_piece(song.piece)).contents == (song.contents[0], song.contents[2])


def test_only_bars_with_notes_are_cases():
    """Nothing can be found in an empty bar; a sample is the same for the same seed."""
    songs = [song_of([A, [], B]), song_of([C, C, C])]
    assert list_cases(songs) == [HoleCase(0, 0, 0), HoleCase(0, 0, 2), *(HoleCase(1, 0, bar) for bar in range(3))]
    assert choose_cases(songs, num_cases=3, seed=1) == choose_cases(songs, num_cases=3, seed=1)
    assert choose_cases(songs, num_cases=9, seed=1) == list_cases(songs)


def test_copying_looks_back():
    """The bar before, four before, and nothing where there is none."""
    song = song_of([A, B, C, B, A, C])
    assert make_copy_rule(1)(song, HoleCase(0, 0, 5)) == frozenset(A)
    assert make_copy_rule(4)(song, HoleCase(0, 0, 5)) == frozenset(B)
    assert make_copy_rule(4)(song, HoleCase(0, 0, 2)) == EMPTY


def test_the_best_context_is_copied():
    """The other track repeats in bar 4 what it plays in bar 0, so bar 4's melody is bar 0's."""
    melody = [A, B, C, B, A]
    other = [[(frame, root) for frame in range(4)] for root in (40, 43, 45, 43, 40)]
    song = song_of(melody, other)
    assert make_match_rule(None)(song, HoleCase(0, 0, 4)) == frozenset(A)
    assert make_match_rule(3)(song, HoleCase(0, 0, 4)) != frozenset(A)


def test_fit_by_hand():
    """Hidden bar 1: bar 3 shares the other track's note and both neighbours: F1 1."""
    song = song_of([A, B, A, C, A], [[(0, 40)], [(0, 43)], [(0, 45)], [(0, 43)], [(0, 40)]])
    fits = fit_of_contexts(song, HoleCase(0, 0, 1))
    assert fits[3] == pytest.approx(1.0)
    # Bar 2: no note of the other track in common; its left neighbour is hidden, its right one (C) shares nothing with A.
    assert fits[2] == 0


def test_no_filler_sees_the_hidden_bar():
    """Whatever stands in the hidden bar, every rule gives the same answer."""
    bars = [A, B, C, B, A, B, C, B]
    other = [[(0, 40 + bar % 3)] for bar in range(8)]
    for bar in range(8):
        changed = [C + A if index == bar else notes for index, notes in enumerate(bars)]
        first, second = song_of(bars, other), song_of(changed, other)
        for name, fill in RULES.items():
            assert fill(first, HoleCase(0, 0, bar)) == fill(second, HoleCase(0, 0, bar)), (name, bar)


def test_the_excerpt_has_the_context_and_not_the_hidden_notes():
    """16 bars on each side, the hole empty, the other track whole."""
    song = song_of([A] * 40, [C] * 40)
    excerpt, bar = cut_excerpt(song, HoleCase(0, 0, 20))
    contents = read_contents(excerpt)
    assert (bar, len(contents[0])) == (16, 33)
    assert [bool(content) for content in contents[0]] == [True] * 16 + [False] + [True] * 16
    assert all(contents[1])
    assert cut_excerpt(song, HoleCase(0, 0, 3))[1] == 3


def test_near_copies():
    """Half of the notes in common is a near copy; one of three and three is not."""
    song = song_of([[(0, 60), (4, 64)], [(0, 60), (8, 65)], [(1, 50), (2, 51), (3, 52)], [(1, 50), (5, 51), (6, 52)]])
    assert has_near_copy(song, HoleCase(0, 0, 0))
    assert not has_near_copy(song, HoleCase(0, 0, 2))


def test_f1_is_over_all_notes():
    """Two of two found and none of four, with two written in vain: 2 x 2 / (6 + 4)."""
    counts = HoleCounts()
    counts.add(frozenset(A), frozenset(A))
    counts.add(frozenset({(frame, 60) for frame in range(4)}), frozenset(B))
    assert counts.f1 == pytest.approx(0.4)


def test_a_perfect_filler_scores_one_and_an_empty_one_nothing():
    """Over both columns."""
    songs = [song_of([A, B, C, A])]
    cases = list_cases(songs)
    perfect = score_filler(songs, cases, lambda song, case: song.contents[case.track][case.bar])
    assert perfect == {"f1": 1.0, "f1_without_near_copy": 1.0}
    assert score_filler(songs, cases, lambda *_: EMPTY) == {"f1": 0.0, "f1_without_near_copy": 0.0}


def test_rules_are_scored_side_by_side():
    """In a song that repeats every four bars, copying four back is perfect from bar 4 on."""
    random = np.random.default_rng(1)
    bars = [[(int(frame), int(pitch)) for frame, pitch in zip(random.permutation(16)[:3], random.integers(50, 80, 3), strict=True)] for _ in range(4)]  # fmt: skip
    songs = [song_of(bars * 3)]
    row = score_rules(songs, [case for case in list_cases(songs) if case.bar >= 4], seed=1)
    assert row["rules"]["copy_4_bars_back"]["f1"] == 1.0
    assert row["num_cases_without_near_copy"] == 0
    assert row["num_cases"] == 8


def test_a_network_fills_holes_through_its_own_door():
    """Whatever it writes lies in the bar; the same seed writes the same."""
    sizes = {"width": 32, "num_heads": 2, "num_encoder_layers": 1, "num_decoder_layers": 1, "feed_forward": 32}
    network = tiny_network(arranger=arranger_config(head_width=16, dropout=0.0, **sizes))
    decoder = HarmonizerDecoder(network, checkpoint_id="tiny", device=torch.device("cpu"))
    song = song_of([A, B, C, B], [[(0, 40)], [(0, 43)], [(0, 45)], [(0, 43)]])
    fill = make_network_filler(decoder, Sampling(), seed=1)
    written = fill(song, HoleCase(0, 0, 2))
    assert all(0 <= frame < 16 for frame, _ in written)
    assert fill(song, HoleCase(0, 0, 2)) == written
    with_other_truth = song_of([A, B, A, B], [[(0, 40)], [(0, 43)], [(0, 45)], [(0, 43)]])
    assert fill(with_other_truth, HoleCase(0, 0, 2)) == written
