"""Plans on a real database: kept, changed by their owner, and turned to orders, stage after stage."""

from dataclasses import replace

import pytest

from bot.services.composing import ComposingService, fields_of
from bot.services.model import FromRevision, Upload
from bot.services.operations.composition_options import ComposeOptions
from core.errors import InputError, NotFoundError, PermissionDeniedError, RenderError
from music.midi import write_midi
from tests.bot.services.jobs.test_service import make_result
from tests.factories.doors import StandInMedia, StandInWriter
from tests.factories.orders import ADA, BEN, MODERATOR, PLACE, make_order
from tests.factories.pieces import make_melody
from tests.factories.rule_networks import RuleNetworks

WISH = ComposeOptions(genre="pop", form="A 2, B 2, A 2", instruments=("flute", "piano"), seed=4)


class RuleWriter(StandInWriter):
    """The rule networks behind the writer's door."""

    async def submit(self, request, *, user_id, guild_id):
        yield await RuleNetworks().write(request)


@pytest.fixture
def composing(database):
    return ComposingService(database, media=StandInMedia())


async def begin(composing, options=WISH, *, source=None):
    return await composing.begin(options, source=source, author=ADA, place=PLACE)


async def test_a_plan_is_kept_as_it_was_shown(composing):
    """By its number, for ever."""
    view = await begin(composing)
    assert view.plan.letters == "ABA"
    assert await composing.view(view.draft_id) == view
    with pytest.raises(NotFoundError):
        await composing.view(view.draft_id + 1)


async def test_another_plan_has_another_seed_and_the_same_wishes(composing):
    """What was not asked may differ."""
    view = await begin(composing)
    other = await composing.again(view.draft_id, by=ADA)
    assert other.options.seed != view.options.seed
    assert (other.plan.letters, other.plan.instruments) == (view.plan.letters, view.plan.instruments)


async def test_a_plan_is_changed_as_typed(composing):
    """Form, key, tempo, band and chords; what a form shows is what it reads."""
    view = await begin(composing)
    edit = replace(fields_of(view.options), form="A 4, B 4", key="D minor", tempo="96 bpm", chords="A: Dm | A7")
    changed = await composing.edit(view.draft_id, edit, by=ADA)
    assert (changed.plan.letters, changed.plan.key, changed.plan.tempo_bpm) == ("AB", "D minor", 96.0)
    assert changed.plan.themes[0].chords == "Dm | A7"
    again = await composing.edit(view.draft_id, fields_of(changed.options), by=ADA)
    assert again.plan == changed.plan


@pytest.mark.parametrize("field", ["form", "key", "tempo", "instruments", "chords"])
async def test_what_cannot_be_read_changes_nothing(composing, field):
    """The plan stays as it was."""
    view = await begin(composing)
    with pytest.raises(InputError):
        await composing.edit(view.draft_id, replace(fields_of(view.options), **{field: "qqq zzz"}), by=ADA)
    assert await composing.view(view.draft_id) == view


async def test_only_its_owner_or_a_moderator_changes_a_plan(composing):
    """Others make their own."""
    view = await begin(composing)
    with pytest.raises(PermissionDeniedError):
        await composing.again(view.draft_id, by=BEN)
    with pytest.raises(PermissionDeniedError):
        await composing.drop(view.draft_id, by=BEN)
    await composing.drop(view.draft_id, by=MODERATOR)
    with pytest.raises(NotFoundError):
        await composing.view(view.draft_id)


async def test_a_file_is_kept_as_its_melody(composing):
    """Until the song is written, without asking for the file again."""
    upload = Upload(filename="tune.mid", data=write_midi(make_melody()))
    view = await begin(composing, ComposeOptions(seed=1), source=upload)
    assert (view.melody_name, view.plan.is_from_melody) == ("tune.mid", True)
    order = await composing.order(view.draft_id, stage="whole", author=BEN, place=PLACE)
    assert isinstance(order.source, Upload)
    assert order.options.plan == view.plan


async def test_stages_follow_each_other(open_studio, database):
    """Themes, arrangement, song, each made from the one before; then there is none."""
    async with open_studio(writer=RuleWriter()) as studio:
        composing = ComposingService(database, media=studio.media)
        view = await begin(composing)
        order = await composing.order(view.draft_id, stage="themes", author=ADA, place=PLACE)
        themes = await make_result(studio, order)
        arrangement = await make_result(studio, await composing.order_next(themes.revision_id, author=BEN, place=PLACE))
        song = await make_result(studio, await composing.order_next(arrangement.revision_id, author=ADA, place=PLACE))
        assert [one.options.stage for one in (themes, arrangement, song)] == ["themes", "arrangement", "song"]
        assert song.parent_ids == (arrangement.revision_id,)
        assert (themes.num_bars, song.num_bars) == (4, 6)
        with pytest.raises(InputError, match="finished"):
            await composing.order_next(song.revision_id, author=ADA, place=PLACE)


async def test_a_stage_is_redone_with_another_seed_from_the_same_music(open_studio, database):
    """Themes from nothing, an arrangement from its themes."""
    async with open_studio(writer=RuleWriter()) as studio:
        composing = ComposingService(database, media=studio.media)
        view = await begin(composing)
        themes = await make_result(
            studio, await composing.order(view.draft_id, stage="themes", author=ADA, place=PLACE)
        )
        again = await studio.songs.order_again(themes.revision_id, author=ADA, place=PLACE, reply_token="t")
        assert (again.source, again.options.plan, again.options.seed) == (None, view.plan, None)
        arrangement = await make_result(studio, await composing.order_next(themes.revision_id, author=ADA, place=PLACE))
        again = await studio.songs.order_again(arrangement.revision_id, author=ADA, place=PLACE, reply_token="t")
        assert again.source == FromRevision(revision_id=themes.revision_id)


async def test_an_edited_arrangement_keeps_its_themes_if_they_are_the_same(open_studio, database):
    """Another order of sections needs no new themes, other bars do."""
    async with open_studio(writer=RuleWriter()) as studio:
        composing = ComposingService(database, media=studio.media)
        view = await begin(composing)
        themes = await make_result(
            studio, await composing.order(view.draft_id, stage="themes", author=ADA, place=PLACE)
        )
        arrangement = await make_result(studio, await composing.order_next(themes.revision_id, author=ADA, place=PLACE))
        fields = fields_of(arrangement.options)

        longer = replace(fields, form="A 2, B 2, A 2, B 2")
        order = await composing.order_edited(arrangement.revision_id, longer, author=ADA, place=PLACE)
        assert (order.options.stage, order.source) == ("arrangement", FromRevision(revision_id=themes.revision_id))
        assert order.options.plan.letters == "ABAB"

        for other in (replace(fields, form="A 4, B 2"), replace(fields, instruments="violin, piano")):
            order = await composing.order_edited(arrangement.revision_id, other, author=ADA, place=PLACE)
            assert (order.options.stage, order.source) == ("themes", None)


async def test_an_edited_stage_around_a_melody_goes_back_to_the_melody(open_studio, database):
    """However many stages lie in between."""
    async with open_studio(writer=RuleWriter()) as studio:
        composing = ComposingService(database, media=studio.media)
        upload = Upload(filename="tune.mid", data=write_midi(make_melody()))
        view = await begin(composing, ComposeOptions(instruments=("piano",), seed=1), source=upload)
        themes = await make_result(
            studio, await composing.order(view.draft_id, stage="themes", author=ADA, place=PLACE)
        )
        arrangement = await make_result(studio, await composing.order_next(themes.revision_id, author=ADA, place=PLACE))
        edit = replace(fields_of(arrangement.options), key="F major")
        order = await composing.order_edited(arrangement.revision_id, edit, author=ADA, place=PLACE)
        assert order.source == FromRevision(revision_id=themes.parent_ids[0])
        assert (order.options.stage, order.options.plan.key) == ("themes", "F major")


async def test_other_results_are_no_stages(open_studio, database):
    """A sentence says how to begin."""
    async with open_studio() as studio:
        made = await make_result(studio, make_order())
        composing = ComposingService(database, media=studio.media)
        with pytest.raises(InputError, match="/compose"):
            await composing.order_next(made.revision_id, author=ADA, place=PLACE)


async def test_a_card_goes_without_a_picture_that_cannot_be_made(database):
    """It says the same in words."""
    broken = ComposingService(database, media=StandInMedia(picture_error=RenderError("no")))
    whole = ComposingService(database, media=StandInMedia())
    view = await begin(whole)
    assert await broken.picture_of(view) is None
    assert (await whole.picture_of(view)).png.startswith(b"\x89PNG")
