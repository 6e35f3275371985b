"""Composing a whole song: plan, themes, arrangement, variations, form. Three networks and some rules, one stage after another.

A stage's result is a revision whose options carry plan and stage, and the next stage begins with its music; so every stage can
be heard, redone or changed before the next, now or in a year. It knows no queue and no Discord.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.services.operations.base import Made, Networks, Wish
from bot.services.operations.composition_arranging import arrange_material, write_song
from bot.services.operations.composition_networks import Composing
from bot.services.operations.composition_options import ComposeOptions, check_compose_options, make_plan
from bot.services.operations.composition_themes import write_themes
from bot.services.options import Options
from core.errors import InputError
from core.settings import LimitSettings
from music.forms.assembling import lead_index, song_title
from music.forms.melody import melody_material
from music.forms.plan import FormPlan
from music.forms.report import check_song
from music.piece import Piece
from music.time_grid import TimeGrid

_STAGES_OF = {
    "whole": ("themes", "arrangement", "song"),
    "themes": ("themes",),
    "arrangement": ("arrangement",),
    "song": ("song",),
}
_TITLES = {"themes": "Themes of a", "arrangement": "Arrangement of a"}


class Compose:
    """The operation; see ``Operation`` for what each member promises."""

    kind = "compose"
    options_type: type[Options] = ComposeOptions
    needs_source = False

    def check(self, options: ComposeOptions, *, limits: LimitSettings) -> None:  # noqa: ARG002 - the protocol's
        """Refuse at once what no piece could make right."""
        check_compose_options(options)

    async def make(self, wish: Wish[ComposeOptions], networks: Networks) -> Made:
        """Return the song, or the stage of it that was asked for."""
        options, source = wish.options, wish.source
        if options.plan is None:
            plan = await asyncio.to_thread(make_plan, options, seed=wish.seed, melody=source)
        else:
            plan = options.plan
        stages = _STAGES_OF[options.stage]
        song = Composing(
            job_id=wish.job_id,
            plan=plan,
            seed=wish.seed,
            preset=options.preset,
            networks=networks,
            stages=stages,
            checkpoint_ids=[],
        )
        music = await self._carry_out(song, stages, source)
        checks = ()
        if stages[-1] == "song":
            melody = None
            if plan.is_from_melody and source is not None:
                melody = melody_material(plan, source) if options.stage == "whole" else _lead_of(plan, source)
            checks = await asyncio.to_thread(check_song, music, plan, melody=melody, lead=lead_index(plan, music))
        else:
            music = replace(music, title=f"{_TITLES[options.stage]} {song_title(plan)}")
        return Made(piece=music, checkpoint_id="+".join(song.checkpoint_ids)[:100] or None, checks=checks)

    async def _carry_out(self, song: Composing, stages: tuple[str, ...], source: Piece | None) -> Piece:
        music = source
        if song.plan.is_from_melody and source is None:
            raise InputError("The melody of this song is gone. Begin again with /compose and a file.")
        if "themes" in stages:
            music = await write_themes(song, source)
        music = self._material(song.plan, music)
        if "arrangement" in stages:
            music = await arrange_material(song, music)
        if "song" in stages:
            music = await write_song(song, music)
        return music

    def _material(self, plan: FormPlan, music: Piece | None) -> Piece:
        """Return the music of the stage before, if it has the bars that the plan speaks of."""
        if music is None or TimeGrid(music).num_bars < plan.num_material_bars:
            raise InputError("This music does not fit the plan any more. Write the themes again.")
        return music


def _lead_of(plan: FormPlan, material: Piece) -> Piece:
    index = lead_index(plan, material)
    return material.with_tracks(() if index is None else (material.tracks[index],))


COMPOSE = Compose()
