"""An afternoon of several people on branches: whatever they do and merge, nothing is lost unsaid, and all of it can be made again."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from bot.services.model import FromRevision, Place, Upload
from bot.services.operations.arranging import ArrangeOptions
from bot.services.operations.founding import FoundOptions
from bot.services.operations.infilling import InfillOptions
from bot.services.operations.layer_building import CopyOptions, JoinOptions, LayerAddOptions
from bot.services.operations.layering import DropOptions, GiveOptions, LockOptions, MixOptions, RenameOptions
from bot.services.operations.merging import MergeOptions, merge_states
from bot.services.operations.picking import PickOptions
from bot.services.options import GenerateOptions
from bot.services.songs.undoing import UndoService
from bot.services.together.branches.branching import Branching
from bot.services.together.branches.forking import Forking
from bot.services.together.merging.plans import conflict_token
from bot.services.together.merging.service import MergeQuestion, Merging
from bot.services.together.replay import NetworkNeededError, Replaying, WriterNetworks
from core.errors import InputError, PermissionDeniedError
from music.versions.conflicts import Resolution
from music.versions.locks import locked_for
from tests.factories.doors import StandInWriter, melody_file
from tests.factories.orders import ADA, make_order
from tests.factories.song_people import PEOPLE, THREAD, FillingWriter, found_band, work
from tests.factories.studio import make_result

NUM_STEPS = 20


class Afternoon:
    """People who do something at random; a step that the song refuses in a sentence is passed over."""

    def __init__(self, studio, songs, database, *, seed):
        self.dice = random.Random(seed)
        self.studio, self.songs, self.database = studio, songs, database
        self.branching, self.merging = Branching(database), Merging(database)
        self.late = []
        self.made = []
        self.num_refused = 0

    async def go_on(self):
        """Do one thing as one of the people."""
        person = self.dice.choice(PEOPLE)
        steps = (
            self.edit,
            self.edit,
            self.edit,
            self.change,
            self.change,
            self.switch,
            self.merge,
            self.come_late,
            self.undo,
        )
        try:
            await self.dice.choice(steps)(person)
        except (InputError, PermissionDeniedError):
            self.num_refused += 1

    async def edit(self, person, at=None):
        state = await self.state(person)
        first = self.dice.randint(1, 4)
        bars = (first, self.dice.randint(first, 4))
        track = str(self.dice.randint(1, len(state.layers)))
        if self.dice.random() < 0.25:
            options = InfillOptions(bars=bars, tracks=(track,))
            return await self.order(person, options, at)
        semitones = self.dice.choice((-3, -1, 2, 4))
        options = ArrangeOptions(transpose_semitones=semitones, bars=bars, tracks=(track,))
        return await self.order(person, options, at)

    async def order(self, person, options, at=None):
        source = FromRevision(revision_id=at or (await self.here(person)).branch.head_id)
        return await self.carry_out(make_order(options, author=person, place=THREAD, source=source))

    async def change(self, person):
        state = await self.state(person)
        layer = str(self.dice.randint(1, len(state.layers)))
        other = str(self.dice.randint(1, len(state.layers)))
        options = self.dice.choice(
            (
                MixOptions(layer=layer, mute=self.dice.random() < 0.5, level_db=float(self.dice.randint(-9, 3))),
                RenameOptions(layer=layer, name=self.dice.choice(("Low", "High", "Ours"))),
                LockOptions(layer=layer, is_locked=self.dice.random() < 0.3),
                CopyOptions(layer=layer, transpose_semitones=12),
                JoinOptions(first=layer, second=other),
                GiveOptions(layer=layer, owner_id=1, is_by_host=True),
                DropOptions(layer=layer) if len(state.layers) > 2 else MixOptions(layer=layer, pan=10),
            )
        )
        change = await self.songs.change(person, THREAD, replace(options, seed=self.dice.randrange(1000)))
        self.made.append(change.revision.revision_id)

    async def switch(self, person):
        names = await self.branching.names(THREAD)
        if len(names) < 3:
            await self.branching.begin(person, THREAD, f"idea {self.dice.randrange(1000)}")
        else:
            await self.branching.switch(person, THREAD, self.dice.choice(names))

    async def merge(self, person):
        names = await self.branching.names(THREAD)
        source, into = self.dice.choice(names), self.dice.choice(names)
        await self.decide(person, await self.merging.merge(person, THREAD, source=source, into=into))

    async def come_late(self, person):
        """Two people change the same state; the second change is rebased by somebody."""
        head_id = (await self.here(person)).branch.head_id
        await self.edit(person, head_id)
        late = await self.edit(self.dice.choice(PEOPLE), head_id)
        if (await self.songs.line_of(late.revision_id)).branch is None:
            self.late.append(late.revision_id)
            await self.decide(person, await self.merging.rebase(person, THREAD, late.revision_id))

    async def undo(self, person):
        if self.dice.random() < 0.5 and self.made:
            step = await self.merging.revert(person, THREAD, self.dice.choice(self.made))
            return await self.decide(person, step)
        undoing = UndoService(self.database)
        head_id = (await self.here(person)).branch.head_id
        return await self.carry_out(await undoing.undo_order(head_id, author=person, place=THREAD))

    async def decide(self, person, step):
        while isinstance(step, MergeQuestion):
            token = conflict_token(step.conflict.key)
            resolution = self.dice.choice(step.conflict.offered)
            step = await self.merging.decide(person, THREAD, step.draft_id, token=token, resolution=resolution)
        return await self.carry_out(step.order)

    async def carry_out(self, order):
        """Return the revision that a job makes; what it fails with is raised."""
        seeded = replace(order.options, seed=self.dice.randrange(1000))
        await self.studio.jobs.submit(replace(order, options=seeded))
        await self.studio.presenter.answered()
        while self.studio.presenter.errors:
            _, error = self.studio.presenter.errors.pop()
            raise error
        revision = self.studio.presenter.replies[-1][1].revision
        self.made.append(revision.revision_id)
        return revision

    async def here(self, person):
        return await self.songs.here(THREAD, author=person)

    async def state(self, person):
        return await self.songs.state_of((await self.here(person)).branch.head_id)


@pytest.mark.parametrize("seed", [3])
async def test_whatever_people_do_is_accounted_for_and_can_be_made_again(songs, open_studio, database, seed):
    """Every revision of the song, merges and what networks wrote included, byte for byte; every note of every merge in one account."""
    async with open_studio(writer=FillingWriter()) as studio:
        song = await found_band(studio, songs)
        afternoon = Afternoon(studio, songs, database, seed=seed)
        for _ in range(NUM_STEPS):
            await afternoon.go_on()
        for name in (await afternoon.branching.names(THREAD))[1:]:
            try:
                await afternoon.decide(PEOPLE[0], await afternoon.merging.merge(PEOPLE[0], THREAD, source=name))
            except (InputError, PermissionDeniedError):
                afternoon.num_refused += 1

        replayed = await Replaying(database, networks=WriterNetworks(FillingWriter())).replay_all(song.shared_song_id)
        assert [found.revision_id for found in replayed.values() if not found.is_same] == []
        assert len(replayed) > NUM_STEPS // 2
        kinds = {found.operation for found in replayed.values()}
        assert kinds & {"merge", "rebase"}
        for revision_id, found in replayed.items():
            if found.operation in ("merge", "rebase", "revert"):
                await _check_account(songs, studio, revision_id)


async def _check_account(songs, studio, revision_id):
    """Every note of ours and of theirs is in exactly one account, and what the accounts keep is what the song has."""
    revision = await studio.songs.revision(revision_id)
    options = revision.options
    assert isinstance(options, MergeOptions)
    ours, theirs, base = [
        await songs.state_of(each) for each in (revision.parent_ids[0], options.theirs_id, options.base_id)
    ]
    author_id = await _number_of(songs, revision)
    found = merge_states(
        ours, theirs, base, resolutions=options.resolutions, held=locked_for(ours, author_id), key="account"
    )
    accounts = found.report.accounts
    assert sum(each.num_notes for each in accounts if each.presence.in_ours) == ours.piece.num_notes
    assert sum(each.num_notes for each in accounts if each.presence.in_theirs) == theirs.piece.num_notes
    assert not found.open_conflicts
    state = await songs.state_of(revision_id)
    if Resolution.BRIDGE not in options.resolutions.values():
        assert sum(each.num_notes for each in accounts if each.presence.in_song) == state.piece.num_notes
        assert revision_id not in {origin for origins in state.origins for origin in origins}, "a merge writes no note"
    assert len({layer.name.casefold() for layer in state.layers}) == len(state.layers)


async def _number_of(songs, revision):
    names = await songs.names_of(set(range(1, 10)))
    return next(number for number, name in names.items() if name == revision.author.name)


async def test_what_a_network_wrote_needs_the_network(songs, open_studio, database):
    async with open_studio(writer=FillingWriter()) as studio:
        song = await found_band(studio, songs)
        made = await work(studio, songs, options=InfillOptions(bars=(2, 2), tracks=("1",)))
        with pytest.raises(NetworkNeededError):
            await Replaying(database).replay(made.revision_id)
        assert made.revision_id not in await Replaying(database).replay_all(song.shared_song_id)
        again = await Replaying(database, networks=WriterNetworks(FillingWriter())).replay(made.revision_id)
        assert again.is_same


async def test_beginnings_takes_and_files_can_be_made_again_too(songs, open_studio, database):
    """The first piece of an empty song, what goes on from it, one of several takes, layers out of a file, and a fork's first state."""
    async with open_studio() as studio:
        song = await songs.found(ADA, THREAD, FoundOptions(title="Ours", num_bars=2))
        await make_result(studio, make_order(GenerateOptions(num_bars=2), place=THREAD))
        await work(studio, songs, options=GenerateOptions(num_bars=2))
        head = FromRevision(revision_id=(await songs.here(THREAD, author=ADA)).branch.head_id)
        await studio.jobs.submit(make_order(GenerateOptions(num_bars=2), place=THREAD, source=head, num_takes=2))
        await studio.presenter.answered()
        picked = studio.presenter.replies[-1][1].takes[1].revision.revision_id
        await make_result(studio, make_order(PickOptions(), place=THREAD, source=FromRevision(revision_id=picked)))
        upload = Upload(filename="flute.mid", data=melody_file(9, num_bars=2))
        head_id = (await songs.here(THREAD, author=ADA)).branch.head_id
        await make_result(
            studio, make_order(LayerAddOptions(), place=THREAD, source=upload, parent_revision_id=head_id)
        )
        forking = Forking(database, songs)
        fork = await forking.fork(ADA, await forking.plan(ADA, THREAD), Place(guild_id=9, channel_id=888))
        replaying = Replaying(database, networks=WriterNetworks(StandInWriter()))
        found = await replaying.replay_all(song.shared_song_id)
        assert [each.operation for each in found.values()] == [
            "found",
            "generate",
            "continue",
            "continue",
            "continue",
            "layer-add",
        ]
        assert all(each.is_same for each in found.values())
        (first,) = (await replaying.replay_all(fork.shared_song_id)).values()
        assert first.is_same
