"""Plans of songs on their way to music: made, changed, kept until somebody writes them, and the orders that follow from them.

A plan on a card is a draft in the database; a plan that became music is in that revision's options. So every button works for
ever. It knows no network and no Discord.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, replace
from typing import Any, cast

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.model import Author, FromRevision, JobOrder, Place, RevisionView, Source, Upload
from bot.services.operations.composition_options import (
    ComposeOptions,
    check_compose_options,
    make_plan,
    parse_instrument_names,
)
from bot.services.ports import MediaMaker
from bot.services.records import options_from_json, options_to_json
from bot.services.sampling import draw_seed
from bot.services.songs.graph import find_present, piece_data, view_revisions
from core.errors import InputError, NotFoundError, PermissionDeniedError, RenderError
from db.engine import Database, unbroken
from db.repositories.drafts import DraftRepository, NewDraft
from db.repositories.users import UserRepository
from db.tables import Draft, User
from media.protocol import Picture
from music.codec import decode_piece
from music.forms.band import seat_band
from music.forms.melody import extract_melody
from music.forms.plan import FormPlan
from music.midi import write_midi
from music.names import instrument_name
from music.piece import Piece

_log = structlog.stdlib.get_logger(__name__)

KIND = "compose"
NEXT_STAGE = {"themes": "arrangement", "arrangement": "song"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """A plan on a card. ``melody_name``: what it is made around, empty for nothing."""

    draft_id: int
    plan: FormPlan
    options: ComposeOptions
    author: Author
    melody_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEdit:
    """What somebody typed into the form of a plan; empty fields leave the choice open again."""

    form: str
    key: str
    tempo: str
    instruments: str
    chords: str


class ComposingService:
    """Makes plans and keeps them."""

    def __init__(self, database: Database, *, media: MediaMaker) -> None:
        self._database = database
        self._media = media

    # --- cards -----------------------------------------------------------------------------------------------------

    async def begin(self, options: ComposeOptions, *, source: Source | None, author: Author, place: Place) -> PlanView:
        """Make a plan and keep it.

        Raises:
            core.errors.InputError: for wishes that no song can have, or a source without a melody.
            core.errors.NotFoundError: when the source was deleted.
        """
        check_compose_options(options)
        melody, name = await self.read_melody(source)
        seed = draw_seed(options.seed)
        plan = await asyncio.to_thread(make_plan, options, seed=seed, melody=melody)
        planned = replace(options, seed=seed, plan=plan)
        kept_source = None if melody is None else await asyncio.to_thread(_pack, melody, source, name)
        return await self._add(planned, kept_source, author=author, place=place)

    async def again(self, draft_id: int, *, by: Author) -> PlanView:
        """Make another plan of the same wishes, with a new seed."""
        view = await self.view(draft_id)
        return await self._replan(view, replace(view.options, seed=draw_seed(None)), by=by)

    async def edit(self, draft_id: int, edit: PlanEdit, *, by: Author) -> PlanView:
        """Make the plan that somebody typed.

        Raises:
            core.errors.InputError: for what cannot be read.
        """
        view = await self.view(draft_id)
        return await self._replan(view, edited(view.options, edit), by=by)

    @unbroken
    async def view(self, draft_id: int) -> PlanView:
        """Return a plan.

        Raises:
            core.errors.NotFoundError: when it was taken back.
        """
        async with self._database.reading() as session:
            return await _view(session, await _find(session, draft_id))

    async def picture_of(self, view: PlanView) -> Picture | None:
        """Return the picture of a plan, or None when it cannot be made: the card says the same in words."""
        try:
            return await self._media.draw_plan(view.plan)
        except RenderError as error:
            _log.warning("picture_left_out", draft_id=view.draft_id, error=str(error))
            return None

    @unbroken
    async def drop(self, draft_id: int, *, by: Author) -> None:
        """Take a plan back.

        Raises:
            core.errors.PermissionDeniedError: when it is somebody else's.
        """
        async with self._database.writing() as session:
            draft = await _find(session, draft_id)
            await _require_owner(session, draft, by)
            await DraftRepository(session).delete(draft)

    # --- orders ----------------------------------------------------------------------------------------------------

    async def order(self, draft_id: int, *, stage: str, author: Author, place: Place) -> JobOrder:
        """Return the order that writes a plan, as a whole or its first stage."""
        view = await self.view(draft_id)
        source = await self._source_of(draft_id)
        return JobOrder(author=author, place=place, options=replace(view.options, stage=stage), source=source)

    async def order_next(self, revision_id: int, *, author: Author, place: Place) -> JobOrder:
        """Return the order of the stage after the one that a revision is.

        Raises:
            core.errors.InputError: when there is none.
        """
        options, _ = await self.stage_of(revision_id)
        following = NEXT_STAGE.get(options.stage)
        if following is None:
            raise InputError("This song is finished. Begin another one with /compose.")
        source = FromRevision(revision_id=revision_id)
        return JobOrder(author=author, place=place, options=replace(options, stage=following), source=source)

    async def order_edited(self, revision_id: int, edit: PlanEdit, *, author: Author, place: Place) -> JobOrder:
        """Return the order that makes a stage again by a changed plan; from its themes on if those are others now.

        Raises:
            core.errors.InputError: for what cannot be read.
        """
        options, revision = await self.stage_of(revision_id)
        assert options.plan is not None
        changed = edited(options, edit)
        source = None if not revision.parent_ids else FromRevision(revision_id=revision.parent_ids[0])
        melody = None
        if options.plan.is_from_melody:
            source, melody = await self._melody_behind(revision)
        plan = await asyncio.to_thread(make_plan, changed, seed=draw_seed(changed.seed), melody=melody)
        if options.stage == "arrangement" and _has_same_themes(plan, options.plan) and revision.parent_ids:
            source = FromRevision(revision_id=revision.parent_ids[0])
            return JobOrder(author=author, place=place, options=replace(changed, plan=plan), source=source)
        stage = "themes" if options.stage != "whole" else "whole"
        if not options.plan.is_from_melody:
            source = None
        options = replace(changed, plan=plan, stage=stage)
        parent_id = revision_id if source is None else None
        return JobOrder(author=author, place=place, options=options, source=source, parent_revision_id=parent_id)

    @unbroken
    async def stage_of(self, revision_id: int) -> tuple[ComposeOptions, RevisionView]:
        """Return a stage's options and revision.

        Raises:
            core.errors.NotFoundError: when it was deleted.
            core.errors.InputError: when it is none.
        """
        async with self._database.reading() as session:
            row = await find_present(session, revision_id)
            (view,) = await view_revisions(session, [row])
        if not isinstance(view.options, ComposeOptions) or view.options.plan is None:
            raise InputError("This is no song with a plan. Begin one with /compose.")
        return view.options, view

    # --- melodies --------------------------------------------------------------------------------------------------

    async def read_melody(self, source: Source | None) -> tuple[Piece | None, str]:
        """Return the music that a song is to be made around, and what it is called."""
        if source is None:
            return None, ""
        if isinstance(source, Upload):
            return await self._media.read_upload(source.filename, source.data), source.filename
        return await self._piece_of(source.revision_id), f"#{source.revision_id}"

    @unbroken
    async def _piece_of(self, revision_id: int) -> Piece:
        async with self._database.reading() as session:
            data = await piece_data(session, await find_present(session, revision_id))
        assert data is not None, "what is present has music"
        return await asyncio.to_thread(decode_piece, data)

    async def _melody_behind(self, revision: RevisionView) -> tuple[Source, Piece]:
        """Return the melody that a stage goes back to: the music before its themes were laid out."""
        while revision.parent_ids:
            parent_id = revision.parent_ids[0]
            async with self._database.reading() as session:
                (revision,) = await view_revisions(session, [await find_present(session, parent_id)])
            is_stage = isinstance(revision.options, ComposeOptions) and revision.options.stage != "whole"
            if not is_stage:
                return FromRevision(revision_id=parent_id), await self._piece_of(parent_id)
        raise NotFoundError(what="melody")

    # --- shared ----------------------------------------------------------------------------------------------------

    async def _replan(self, view: PlanView, options: ComposeOptions, *, by: Author) -> PlanView:
        options = replace(options, plan=None)
        check_compose_options(options)
        melody, _ = await self.read_melody(await self._source_of(view.draft_id))
        plan = await asyncio.to_thread(make_plan, options, seed=draw_seed(options.seed), melody=melody)
        return await self._store(view.draft_id, replace(options, plan=plan), by=by)

    @unbroken
    async def _store(self, draft_id: int, options: ComposeOptions, *, by: Author) -> PlanView:
        async with self._database.writing() as session:
            draft = await _find(session, draft_id)
            await _require_owner(session, draft, by)
            draft.data = {**draft.data, "options": options_to_json(options)}
            await session.flush()
            return await _view(session, draft)

    @unbroken
    async def _add(
        self, options: ComposeOptions, source: dict[str, Any] | None, *, author: Author, place: Place
    ) -> PlanView:
        now = utc_now()
        async with self._database.writing() as session:
            user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            new = NewDraft(
                kind=KIND,
                user_id=user.id,
                guild_id=place.guild_id,
                channel_id=place.channel_id,
                data={"options": options_to_json(options), "source": source},
            )
            return await _view(session, await DraftRepository(session).add(new, now=now))

    @unbroken
    async def _source_of(self, draft_id: int) -> Source | None:
        async with self._database.reading() as session:
            kept = (await _find(session, draft_id)).data.get("source")
        if kept is None:
            return None
        if "revision_id" in kept:
            return FromRevision(revision_id=kept["revision_id"])
        return Upload(filename=kept["filename"], data=base64.b64decode(kept["midi"]))


def _has_same_themes(plan: FormPlan, other: FormPlan) -> bool:
    """Tell whether the themes of one plan serve the other as they are: the same bars, keys and chords, the same players."""
    is_same_band = plan.is_from_melody or seat_band(plan.instruments).core == seat_band(other.instruments).core
    return plan.themes == other.themes and plan.metre == other.metre and is_same_band


def edited(options: ComposeOptions, edit: PlanEdit) -> ComposeOptions:
    """Return options that ask for what somebody typed; the length then follows from the form.

    Raises:
        core.errors.InputError: for a tempo that is no number.
    """
    tempo = edit.tempo.strip().casefold().removesuffix("bpm").strip()
    try:
        tempo_bpm = float(tempo.replace(",", ".")) if tempo else None
    except ValueError:
        raise InputError(f"“{tempo[:20]}” is no tempo. Write quarter notes per minute, like 96.") from None
    return replace(
        options,
        form=edit.form.strip(),
        key=edit.key.strip() or None,
        tempo_bpm=tempo_bpm,
        instruments=parse_instrument_names(edit.instruments),
        chords=edit.chords.strip(),
        plan=None,
    )


def fields_of(options: ComposeOptions) -> PlanEdit:
    """Return a plan as somebody would type it."""
    plan = options.plan
    assert plan is not None, "only plans are edited"
    return PlanEdit(
        form=", ".join(f"{section.name} {section.num_bars}" for section in plan.sections),
        key=plan.key,
        tempo=f"{plan.tempo_bpm:g}",
        instruments=", ".join(instrument_name(program) for program in plan.instruments),
        chords="\n".join(f"{_name_of(plan, theme.letter)}: {theme.chords}" for theme in plan.themes if theme.chords),
    )


def _name_of(plan: FormPlan, letter: str) -> str:
    return next((one.name for one in plan.sections if one.letter == letter and one.role == "section"), letter)


def _pack(melody: Piece, source: Source | None, name: str) -> dict[str, Any]:
    """Return a source as the draft keeps it: an earlier result by its number, a file as its melody alone."""
    if isinstance(source, FromRevision):
        return {"revision_id": source.revision_id, "name": name}
    midi = write_midi(extract_melody(melody))
    return {"filename": f"{name.rsplit('.', 1)[0]}.mid", "midi": base64.b64encode(midi).decode(), "name": name}


async def _find(session: AsyncSession, draft_id: int) -> Draft:
    draft = await DraftRepository(session).find(draft_id, kind=KIND)
    if draft is None:
        raise NotFoundError(what="plan", identifier=str(draft_id))
    return draft


async def _require_owner(session: AsyncSession, draft: Draft, by: Author) -> None:
    owner = await session.get_one(User, draft.user_id)
    if owner.discord_id != by.user_id and not by.is_moderator:
        raise PermissionDeniedError(
            "Only the person who asked for this plan can change it. Make your own with /compose."
        )


async def _view(session: AsyncSession, draft: Draft) -> PlanView:
    owner = await session.get_one(User, draft.user_id)
    options = cast("ComposeOptions", options_from_json(KIND, draft.data["options"]))
    assert options.plan is not None, "drafts have plans"
    source: dict[str, Any] = draft.data.get("source") or {}
    return PlanView(
        draft_id=draft.id,
        plan=options.plan,
        options=options,
        author=Author(user_id=owner.discord_id or 0, name=owner.name),
        melody_name=str(source.get("name", "")),
    )
