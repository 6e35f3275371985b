"""Laws of merging, for random songs and edits: nothing depends on order, and no note comes or goes unsaid."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from music.piece import Note
from music.versions.cells import in_ticks
from music.versions.conflicts import Conflict, ConflictKind, Resolution
from music.versions.layered import LayeredPiece
from music.versions.merge_report import Account
from music.versions.merging import Merge, merge
from tests.factories.layered_songs import TICKS, Edit, branch_off, edits, songs

OURS, THEIRS, MORE = 100, 200, 300  # origins of three branches
_WITHOUT_METRE = (
    "rewrite bar", "clear bar", "same again", "add layer", "remove layer", "field", "pedal", "append", "tempo", "key"
)  # fmt: skip
free = edits()
crowded = edits("rewrite bar", "clear bar", "pedal", "field", "append", max_size=8)


@given(songs(), free, free)
def test_merging_with_an_ancestor_changes_nothing(base: LayeredPiece, first: list[Edit], second: list[Edit]) -> None:
    """An ancestor has nothing to add, nor does a descendant lose anything to it."""
    ancestor = branch_off(base, first, OURS)
    song = branch_off(ancestor, second, THEIRS)
    assert merge(ancestor, song, ancestor).song == song
    assert merge(ancestor, ancestor, song).song == song


@given(songs(), free, free)
def test_merging_twice_is_merging_once(base: LayeredPiece, first: list[Edit], second: list[Edit]) -> None:
    """A side merged with itself, or with what was merged already, is unchanged."""
    ours, theirs = branch_off(base, first, OURS), branch_off(base, second, THEIRS)
    assert merge(base, ours, ours).song == ours
    merged = merge(base, ours, theirs).song
    assume(merged is not None)
    assert merged is not None
    assert merge(theirs, merged, theirs).song == merged
    assert merge(ours, ours, merged).song == merged


@given(songs(), free, free)
def test_sides_may_be_exchanged(base: LayeredPiece, first: list[Edit], second: list[Edit]) -> None:
    """Without conflicts both give the same song, origins included; with conflicts both have the same ones."""
    ours, theirs = branch_off(base, first, OURS), branch_off(base, second, THEIRS)
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    assert [conflict.key for conflict in one.conflicts] == [conflict.key for conflict in other.conflicts]
    assert one.song == other.song


@given(songs(), *[edits(*_WITHOUT_METRE, max_size=3)] * 3)
def test_order_of_independent_merges_does_not_matter(
    base: LayeredPiece, first: list[Edit], second: list[Edit], third: list[Edit]
) -> None:
    """Three branches without conflicts give the same song in whichever order they are merged."""
    a, b, c = (branch_off(base, each, origin) for each, origin in ((first, OURS), (second, THEIRS), (third, MORE)))
    assume(all(merge(base, one, other).song is not None for one, other in ((a, b), (b, c), (a, c))))
    results = [_merge_all(base, *order) for order in ((a, b, c), (a, c, b), (b, c, a))]
    assume(None not in results)
    assert results[0] == results[1] == results[2]


@given(songs(), free, free)
def test_report_accounts_for_every_note(base: LayeredPiece, first: list[Edit], second: list[Edit]) -> None:
    """Each note of the base, of ours, of theirs and of the result is in one account."""
    ours, theirs = branch_off(base, first, OURS), branch_off(base, second, THEIRS)
    merged = merge(base, ours, theirs)
    _check_sums(merged, base, ours, theirs)


@given(songs(), crowded, crowded, st.sampled_from(Resolution))
def test_resolutions_keep_what_they_promise(
    base: LayeredPiece, first: list[Edit], second: list[Edit], wanted: Resolution
) -> None:
    """Decided conflicts leave a song: notes of the side that was decided for are in it, with both no note is left out."""
    ours, theirs = branch_off(base, first, OURS), branch_off(base, second, THEIRS)
    conflicts = merge(base, ours, theirs).conflicts
    decisions = {each.key: wanted if wanted in each.offered else Resolution.OURS for each in conflicts}
    merged = merge(base, ours, theirs, resolutions=decisions)
    assert merged.song is not None
    assert merged.conflicts == conflicts
    _check_sums(merged, base, ours, theirs)
    decided = [each for each in conflicts if decisions[each.key] is wanted and each.kind is ConflictKind.CELLS]
    assert len(merged.to_bridge) == (len(decided) if wanted is Resolution.BRIDGE else 0)
    for conflict in decided:
        for account in _accounts_of(merged, conflict):
            _, in_ours, in_theirs, in_song = account.presence
            expected = {
                Resolution.OURS: in_ours,
                Resolution.THEIRS: in_theirs,
                Resolution.BOTH: in_ours or in_theirs,
                Resolution.BRIDGE: in_ours,
            }
            assert in_song == expected[wanted]


@given(songs(), crowded, crowded, st.sampled_from((96, 480, 960, 1920)))
def test_ticks_do_not_matter(base: LayeredPiece, first: list[Edit], second: list[Edit], ticks_per_quarter: int) -> None:
    """A side that counts other ticks leads to the same conflicts, the same report and the same music."""
    ours, theirs = branch_off(base, first, OURS), branch_off(base, second, THEIRS)
    assume(in_ticks(in_ticks(theirs, ticks_per_quarter), TICKS) == theirs)
    plain, other = merge(base, ours, theirs), merge(base, ours, in_ticks(theirs, ticks_per_quarter))
    assert plain.conflicts == other.conflicts
    assert plain.report == other.report
    if plain.song is not None and other.song is not None:
        finest = max(TICKS, other.song.piece.ticks_per_quarter)
        assert in_ticks(plain.song, finest) == in_ticks(other.song, finest)


@given(songs(), free, free)
def test_no_note_comes_from_nowhere(base: LayeredPiece, first: list[Edit], second: list[Edit]) -> None:
    """Each note of the result, with its layer, is a note of ours or of theirs and has an origin that one of them has."""
    ours, theirs = branch_off(base, first, OURS), branch_off(base, second, THEIRS)
    song = merge(base, ours, theirs).song
    assume(song is not None)
    assert song is not None
    same_ticks = {each.piece.ticks_per_quarter for each in (song, ours, theirs)}
    assert len(same_ticks) == 1
    there = _with_origins(ours) | _with_origins(theirs)
    assert not _with_origins(song).keys() - there.keys()


@given(songs(), crowded, crowded, st.sets(st.sampled_from("abcd")))
def test_held_layers_stay_as_in_ours(base: LayeredPiece, first: list[Edit], second: list[Edit], held: set[str]) -> None:
    """A layer that may not be changed is the same afterwards, and what theirs has in it is told as left out."""
    ours, theirs = branch_off(base, first, OURS), branch_off(base, second, THEIRS)
    merged = merge(base, ours, theirs, held_layer_ids=frozenset(held))
    _check_sums(merged, base, ours, theirs)
    assert not [conflict for conflict in merged.conflicts if conflict.layer_id in held]
    if merged.song is None:
        return
    for layer_id in held:
        assert _layer(merged.song, layer_id) == _layer(ours, layer_id)


@given(songs(), free)
def test_untouched_layers_of_a_song_stay(base: LayeredPiece, second: list[Edit]) -> None:
    """What a side locked and the other did not touch is locked and the same."""
    ours = replace(base, layers=tuple(replace(layer, is_locked=True) for layer in base.layers))
    theirs = branch_off(base, second, THEIRS)
    song = merge(base, ours, theirs).song
    assume(song is not None)
    assert song is not None
    for layer in ours.layers:
        if _layer(theirs, layer.layer_id) == _layer(base, layer.layer_id):
            assert _layer(song, layer.layer_id) == _layer(ours, layer.layer_id)


def _accounts_of(merged: Merge, conflict: Conflict) -> list[Account]:
    return [
        each
        for each in merged.report.accounts
        if each.layer_id == conflict.layer_id
        and conflict.start_bar <= each.start_bar
        and each.stop_bar <= conflict.stop_bar
    ]


def _merge_all(base: LayeredPiece, *sides: LayeredPiece) -> LayeredPiece | None:
    song = sides[0]
    for side in sides[1:]:
        merged = merge(base, song, side).song
        if merged is None:
            return None
        song = merged
    return song


def _check_sums(merged: Merge, base: LayeredPiece, ours: LayeredPiece, theirs: LayeredPiece) -> None:
    accounts = merged.report.accounts

    def total(place: str) -> int:
        return sum(each.num_notes for each in accounts if getattr(each.presence, place))

    assert total("in_base") == base.piece.num_notes
    assert total("in_ours") == ours.piece.num_notes
    assert total("in_theirs") == theirs.piece.num_notes
    if merged.song is not None:
        assert total("in_song") == merged.song.piece.num_notes
        assert all(each.presence.in_song is not None for each in accounts)
        gone = sum(each.num_notes for each in accounts if not each.presence.in_song)
        told = sum(each.num_notes for each in accounts if each.fate.value.startswith(("removed", "left out")))
        assert gone == told


def _with_origins(song: LayeredPiece) -> Counter[tuple[str, Note, int]]:
    return Counter(
        (layer.layer_id, note, origin)
        for layer, track, origins in song.parts()
        for note, origin in zip(track.notes, origins, strict=True)
    )


def _layer(song: LayeredPiece, layer_id: str) -> object:
    index = song.index_of(layer_id)
    return None if index is None else (song.layers[index], song.piece.tracks[index], song.origins[index])
