"""Two states of a song side by side, and songs that go on elsewhere."""

from __future__ import annotations

import pytest

from bot.services.model import Place
from bot.services.operations.layering import MixOptions
from bot.services.together.branches.branching import Branching
from bot.services.together.branches.comparing import Comparing
from bot.services.together.branches.forking import Forking
from bot.services.together.card.making import Cards
from bot.services.together.merging.pictures import MergePictures
from bot.services.together.merging.service import MergeQuestion, Merging
from bot.services.together.model import SongRules
from core.errors import InputError, PermissionDeniedError, RenderError
from music.versions.conflicts import ConflictKind
from tests.factories.doors import StandInMedia
from tests.factories.orders import ADA, BEN
from tests.factories.song_people import EVE, THREAD, carry_out, found_band, notes_of, work

SIZE = 10_000_000
ELSEWHERE = Place(guild_id=9, channel_id=888)


def compare(database, before, after, *, media=None, place=THREAD):
    comparing = Comparing(database, media or StandInMedia())
    return comparing.compare(place, before=before, after=after, size_limit_bytes=SIZE)


# --- comparing -----------------------------------------------------------------------------------------------------


async def test_a_comparison_says_draws_and_plays_what_changed(songs, open_studio, database):
    async with open_studio() as studio:
        song = await found_band(studio, songs)
        await songs.tag(ADA, THREAD, song.branch.head_id, name="demo")
        await work(studio, songs, tracks=("bass",), bars=(3, 4))
        await songs.change(BEN, THREAD, MixOptions(layer="piano", mute=True))
    found = await compare(database, "demo", "main")
    assert (found.before.name, found.after.name, found.num_steps) == ("demo", "main", 2)
    assert found.lines == (
        "Piano: muted",
        "Bass, bars 3-4: 8 notes moved up 2 semitones",
        "Untouched: Guitar",
    )
    assert [file.filename.rsplit(".", 1)[1] for file in found.files] == ["ogg", "ogg", "png"]
    back = await compare(database, "main", f"#{song.branch.head_id}")
    assert back.num_steps == 0
    assert "moved down 2 semitones" in back.lines[1]


async def test_the_same_state_twice_has_nothing_to_show(songs, open_studio, database):
    async with open_studio() as studio:
        await found_band(studio, songs)
    found = await compare(database, "main", "main")
    assert (found.lines, found.files) == (("Nothing changed",), ())


async def test_only_states_of_the_song_and_of_its_past_are_compared(songs, open_studio, database):
    """The plain result that it began with may be; another song's state is not shown to people who cannot see it."""
    async with open_studio() as studio:
        song = await found_band(studio, songs)
        other = await found_band(studio, songs, place=ELSEWHERE, author=BEN)
    assert (await compare(database, f"#{song.branch.head_id - 1}", "main")).lines == ("Nothing changed",)
    with pytest.raises(InputError, match="no state of this song"):
        await compare(database, f"#{other.branch.head_id}", "main")
    with pytest.raises(InputError, match="There are: main"):
        await compare(database, "nothing", "main")


async def test_a_picture_that_cannot_be_drawn_is_said(songs, open_studio, database):
    async with open_studio() as studio:
        await found_band(studio, songs)
        made = await work(studio, songs)
    found = await compare(
        database, f"#{made.parent_ids[0]}", "main", media=StandInMedia(picture_error=RenderError("too slow"))
    )
    assert found.picture is None
    assert "The picture could not be drawn." in found.remarks


# --- conflicts as people see them ----------------------------------------------------------------------------------


class WatchedMedia(StandInMedia):
    """Keeps what was drawn and played."""

    def __init__(self):
        super().__init__()
        self.drawn, self.played = [], []

    async def draw_conflict(self, wish):
        self.drawn.append(wish)
        return await super().draw_conflict(wish)

    async def render(self, piece, **options):
        self.played.append(piece)
        return await super().render(piece, **options)


async def test_both_sides_of_a_conflict_are_drawn_and_played_with_a_bar_around(songs, open_studio, database):
    media = WatchedMedia()
    async with open_studio() as studio:
        await found_band(studio, songs, num_bars=8)
        await Branching(database).begin(BEN, THREAD, "low end")
        await work(studio, songs, author=BEN, tracks=("bass",), bars=(3, 4), semitones=5)
        await work(studio, songs, author=ADA, tracks=("bass",), bars=(3, 4), semitones=-4)
        await songs.change(ADA, THREAD, MixOptions(layer="bass", mute=True))
        await songs.change(BEN, THREAD, MixOptions(layer="bass", level_db=-3))
        question = await Merging(database).merge(ADA, THREAD, source="low end")
    assert isinstance(question, MergeQuestion)
    shown = await MergePictures(media).show(question, guild_id=9, size_limit_bytes=SIZE)
    (wish,) = media.drawn
    assert (wish.layer_name, wish.start_bar, wish.stop_bar) == ("Bass", 2, 4)
    assert [side.who for side in wish.sides] == ["Ada", "Ben"]
    assert [side.branch for side in wish.sides] == ["main", "low end"]
    ours, theirs = media.played
    assert ours.length_ticks == theirs.length_ticks == 4 * 4 * 480
    assert not ours.tracks[1].notes, "it is heard as its layers stand"
    assert theirs.tracks[1].notes
    assert {shown.ours.filename, shown.theirs.filename} == {"merge-1-1-main.ogg", "merge-1-1-low-end.ogg"}
    assert shown.alt_text == "Bass, bars 3 to 4"


async def test_a_conflict_about_a_property_names_people_and_plays_the_layer(songs, open_studio, database):
    media = WatchedMedia()
    async with open_studio() as studio:
        await found_band(studio, songs)
        await Branching(database).begin(BEN, THREAD, "low end")
        await songs.change(BEN, THREAD, MixOptions(layer="bass", level_db=-3))
        await songs.change(ADA, THREAD, MixOptions(layer="bass", level_db=-6))
        question = await Merging(database).merge(ADA, THREAD, source="low end")
    assert question.conflict.kind is ConflictKind.FIELD
    assert "main has -6" in question.sentence_of(question.conflict)
    shown = await MergePictures(media).show(question, guild_id=9, size_limit_bytes=SIZE)
    assert len(media.played) == 2
    assert shown.picture is not None


# --- forks ---------------------------------------------------------------------------------------------------------


async def test_a_fork_needs_the_hosts_leave_and_keeps_credit_licence_and_origins(songs, open_studio, database):
    forking = Forking(database, songs)
    async with open_studio() as studio:
        song = await found_band(studio, songs, licence="cc-by", rules=SongRules(may_fork="members"))
        with pytest.raises(PermissionDeniedError, match="Ada, to allow forks"):
            await forking.plan(BEN, THREAD)
        made = await work(studio, songs, author=BEN, tracks=("bass",), bars=(1, 1))
        plan = await forking.plan(BEN, THREAD)
        assert plan.title == "Ours (fork)"
        fork = await forking.fork(BEN, plan, ELSEWHERE)
        assert (fork.host.name, fork.licence) == ("Ben", "cc-by")
        credit = await forking.inspiration_of(fork.shared_song_id)
        assert credit.words == "inspired by “Ours” (Ada, cc-by)"
        assert (credit.revision_id, credit.place) == (made.revision_id, THREAD)
        assert await forking.inspiration_of(song.shared_song_id) is None
        cards = Cards(database, media=StandInMedia())
        assert (await cards.gather(fork.shared_song_id)).inspiration == credit.words
        assert not (await cards.gather(song.shared_song_id)).inspiration
        here, there = await songs.state_of(made.revision_id), await songs.state_of(fork.branch.head_id)
        assert (there.piece.tracks, there.layers, there.origins) == (here.piece.tracks, here.layers, here.origins)
        with pytest.raises(InputError, match="already"):
            await forking.fork(BEN, plan, ELSEWHERE)
        with pytest.raises(PermissionDeniedError, match="does not leave its server"):
            await forking.fork(BEN, plan, Place(guild_id=10, channel_id=999))


async def test_what_became_of_a_fork_comes_back_if_both_hosts_allow_it(songs, open_studio, database):
    forking, merging = Forking(database, songs), Merging(database)
    open_rules = SongRules(may_fork="anybody")
    async with open_studio() as studio:
        await found_band(studio, songs, rules=open_rules)
        fork = await forking.fork(BEN, await forking.plan(BEN, THREAD), ELSEWHERE)
        theirs = await work(studio, songs, author=BEN, place=ELSEWHERE, tracks=("bass",))
        ours = await work(studio, songs, author=ADA, tracks=("piano",))
        with pytest.raises(PermissionDeniedError, match="stays in its thread"):
            await merging.merge(ADA, THREAD, source=f"#{theirs.revision_id}")
        made = await carry_out(studio, await merging.merge(BEN, THREAD, source=f"#{theirs.revision_id}"))
    assert made.parent_ids == (ours.revision_id, theirs.revision_id)
    state = await songs.state_of(made.revision_id)
    assert notes_of(state, "Bass", 0) == notes_of(await songs.state_of(theirs.revision_id), "Bass", 0)
    assert notes_of(state, "Piano", 0) == notes_of(await songs.state_of(ours.revision_id), "Piano", 0)
    assert (await songs.here(ELSEWHERE, author=EVE)).branch.head_id == theirs.revision_id
    assert fork.shared_song_id != (await songs.here(THREAD, author=ADA)).shared_song_id
