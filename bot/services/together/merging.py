"""Merges from wish to order: found, planned, decided conflict by conflict, and handed on as a job. It knows no Discord.

What is to be decided is a row, so a restart loses no decision, and whoever may edit the song may go on with it. A merge whose branch
moved on is planned anew; decisions on what did not change meanwhile stay.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.model import Author, FromRevision, JobOrder, Place
from bot.services.songs.graph import find_present
from bot.services.together.lines import home_branch
from bot.services.together.merging_drafts import new_merge, store_task, task_of
from bot.services.together.merging_plans import MergeKind, MergePlan, MergeTask, find_base, follow_head, plan_merge
from bot.services.together.pointing import find_branch_called, find_state, graph_around
from bot.services.together.rights import check_may_edit, check_may_fork
from bot.services.together.service import song_here
from core.errors import InputError, NotFoundError
from db.engine import Database, unbroken
from db.repositories.merges import MergeRepository
from db.repositories.shared_songs import MAIN, SharedSongRepository
from db.repositories.songs import SongRepository
from db.repositories.users import UserRepository
from db.shared_tables import Branch, MergeDraft, SharedSong
from db.tables import Revision, User
from music.versions.ancestry import is_ancestor
from music.versions.conflicts import Conflict, Resolution

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeQuestion:
    """A merge that waits for a decision on its first open conflict. ``remark`` says what happened meanwhile, if anything.

    The names are those of whoever made the newest state of either side; ``people``: of owners of layers.
    """

    draft_id: int
    plan: MergePlan
    who_ours: str
    who_theirs: str
    people: Mapping[int, str]
    remark: str = ""

    @property
    def conflict(self) -> Conflict:
        """What is asked now."""
        return self.plan.merge.open_conflicts[0]

    def sentence_of(self, conflict: Conflict) -> str:
        """Return a conflict in words, with the names of the two sides; not escaped."""
        task = self.plan.task
        return conflict.sentence(
            ours=task.ours_name, theirs=task.theirs_name, person=lambda number: self.people.get(number, "somebody")
        )

    @property
    def number(self) -> int:
        """Which of the conflicts this is, from 1."""
        return len(self.plan.merge.conflicts) - len(self.plan.merge.open_conflicts) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeOrder:
    """A merge with nothing left to decide: the job to submit. ``draft_id``: what was decided for it, if anything was."""

    order: JobOrder
    plan: MergePlan
    draft_id: int | None = None


MergeStep = MergeQuestion | MergeOrder
_Find = Callable[[AsyncSession, SharedSong, User], Awaitable[MergeTask]]
_Change = Callable[[MergePlan], tuple[Mapping[str, Resolution], str]]
"""Return what is decided now, and what to say if that was nothing."""


class Merging:
    """Brings lines of work together."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- beginning -------------------------------------------------------------------------------------------------

    async def merge(self, author: Author, place: Place, *, source: str, into: str = MAIN) -> MergeStep:
        """Begin to merge a branch (or another named state) into a branch.

        Raises:
            InputError: when no song lives here, a name means nothing, or there is nothing to merge.
            PermissionDeniedError: when they may not change this song, or the other song's host keeps it in its thread.
        """

        async def find(session: AsyncSession, song: SharedSong, user: User) -> MergeTask:
            target = await find_branch_called(session, song, into or MAIN)
            named = await find_state(session, song, source)
            if named.revision_id == target.head_id and named.name != target.name:
                raise InputError(f"There is nothing to merge: {named.name} and {target.name} are the same state.")
            if named.name == target.name:
                raise InputError(f"That is {target.name} itself. Name the branch that is to come into it.")
            if named.shared_song_id not in (None, song.id):
                other = await SharedSongRepository(session).find(named.shared_song_id)
                assert other is not None
                await check_may_fork(session, other, user)
            return await _task(session, song, target, theirs_id=named.revision_id, theirs_name=named.name)

        return await self._begin(author, place, find)

    async def rebase(self, author: Author, place: Place, revision_id: int) -> MergeStep:
        """Begin to bring a candidate, a change that came late, onto the newest state of the branch that it was meant for.

        Raises:
            InputError: when it is part of a branch already, or of another song.
            NotFoundError: when it was deleted.
            PermissionDeniedError: when they may not change this song.
        """

        async def find(session: AsyncSession, song: SharedSong, _user: User) -> MergeTask:
            revision = await _revision_here(session, song, revision_id)
            state = await SharedSongRepository(session).state(revision_id)
            assert state is not None
            if state.branch_id is not None:
                raise InputError(
                    f"#{revision_id} is part of a branch already, so there is nothing to rebase. /branch merge brings whole branches "
                    "together."
                )
            target = await home_branch(session, song, revision.author_id)
            name = f"#{revision_id}"
            return await _task(session, song, target, theirs_id=revision_id, theirs_name=name, kind="rebase")

        return await self._begin(author, place, find)

    async def revert(self, author: Author, place: Place, revision_id: int) -> MergeStep:
        """Begin to take back one change on the branch that the author works on; what came later stays.

        Raises:
            InputError: when it is no part of that branch, or the song began with it.
            NotFoundError: when it was deleted.
            PermissionDeniedError: when they may not change this song.
        """

        async def find(session: AsyncSession, song: SharedSong, user: User) -> MergeTask:
            await _revision_here(session, song, revision_id)
            target = await home_branch(session, song, user.id)
            graph = await graph_around(session, target.head_id, revision_id)
            if not is_ancestor(graph, revision_id, target.head_id):
                raise InputError(
                    f"#{revision_id} is no part of {target.name}, so there is nothing to take back there. /branch switch leads to "
                    "the branch that has it."
                )
            parent_ids = (await SongRepository(session).links([revision_id]))[revision_id].parent_ids
            if not parent_ids:
                raise InputError(f"The song begins with #{revision_id}; there is no state before it to go back to.")
            return MergeTask(
                kind="revert",
                shared_song_id=song.id,
                into_branch_id=target.id,
                ours_id=target.head_id,
                theirs_id=parent_ids[0],
                base_id=revision_id,
                ours_name=target.name,
                theirs_name=f"before #{revision_id}",
                decisions={},
            )

        return await self._begin(author, place, find)

    @unbroken
    async def _begin(self, author: Author, place: Place, find: _Find) -> MergeStep:
        now = utc_now()
        async with self._database.writing() as session:
            song = await song_here(session, place)
            user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            await check_may_edit(session, song, user, author, now=now)
            task = await find(session, song, user)
            merges = MergeRepository(session)
            known = await merges.newest(into_branch_id=task.into_branch_id, theirs_id=task.theirs_id)
            if known is not None and task_of(known).kind == task.kind and known.base_id == task.base_id:
                earlier = await follow_head(session, task_of(known), task.ours_id, user_id=user.id)
                task = replace(task, decisions=earlier.decisions)
            plan = await plan_merge(session, task, user_id=user.id)
            _check_worthwhile(plan)
            if not plan.merge.conflicts:
                return MergeOrder(order=_order(plan, author=author, place=place), plan=plan)
            draft = known if known is not None and known.closed_at is None else None
            draft = draft or await merges.add(new_merge(plan.task, user), now=now)
            store_task(draft, plan.task)
            await session.flush()
            _log.info("merge_begun", draft_id=draft.id, num_conflicts=len(plan.merge.conflicts))
            return await self._next(session, draft, plan, author=author, place=place)

    # --- deciding --------------------------------------------------------------------------------------------------

    async def decide(
        self, author: Author, place: Place, draft_id: int, *, token: str, resolution: Resolution
    ) -> MergeStep:
        """Decide the conflict that a button means, and return what is to be done next.

        Raises:
            InputError: when the merge has ended, or the conflict cannot be decided so.
            PermissionDeniedError: when they may not change this song.
        """

        def change(plan: MergePlan) -> tuple[Mapping[str, Resolution], str]:
            conflict = plan.conflict_of(token)
            if conflict is None:
                return {}, "The song moved on meanwhile, and that conflict is gone."
            if conflict.key in plan.task.decisions:
                return {}, "Somebody else decided that one just before."
            conflict.check(resolution)
            return {conflict.key: resolution}, ""

        return await self._change(author, place, draft_id, change)

    async def decide_rest(self, author: Author, place: Place, draft_id: int, *, resolution: Resolution) -> MergeStep:
        """Decide all open conflicts for one side.

        Raises:
            InputError: when the merge has ended.
            PermissionDeniedError: when they may not change this song.
        """

        def change(plan: MergePlan) -> tuple[Mapping[str, Resolution], str]:
            return {conflict.key: resolution for conflict in plan.merge.open_conflicts}, ""

        return await self._change(author, place, draft_id, change)

    @unbroken
    async def give_up(self, author: Author, draft_id: int) -> str:
        """End a merge without a result, and return what it would have brought where.

        Raises:
            InputError: when it has ended already.
            PermissionDeniedError: when they may not change this song.
        """
        now = utc_now()
        async with self._database.writing() as session:
            draft, song, user = await self._open(session, draft_id, author)
            await check_may_edit(session, song, user, author, now=now)
            await MergeRepository(session).close(draft.id, outcome="dropped", now=now)
            task = task_of(draft)
            return f"{task.theirs_name} into {task.ours_name}"

    @unbroken
    async def note_message(self, draft_id: int, message_id: int) -> None:
        """Remember which message asks the questions of a merge."""
        async with self._database.writing() as session:
            draft = await MergeRepository(session).find(draft_id)
            if draft is not None:
                draft.message_id = message_id

    @unbroken
    async def not_begun(self, draft_id: int) -> None:
        """Note that the job of a decided merge could not be submitted: its questions may be answered again."""
        async with self._database.writing() as session:
            await MergeRepository(session).open_again(draft_id)

    @unbroken
    async def _change(self, author: Author, place: Place, draft_id: int, change: _Change) -> MergeStep:
        now = utc_now()
        async with self._database.writing() as session:
            draft, song, user = await self._open(session, draft_id, author)
            await check_may_edit(session, song, user, author, now=now)
            branch = await SharedSongRepository(session).branch(draft.into_branch_id)
            if branch is None or branch.closed_at is not None:
                raise InputError(
                    "The branch that was to take this merge is closed. Give it up, and merge into another one."
                )
            task = await follow_head(session, task_of(draft), branch.head_id, user_id=user.id)
            remark = (
                ""
                if task.ours_id == draft.ours_id
                else f"{branch.name} moved on meanwhile; what still fits stays decided."
            )
            plan = await plan_merge(session, task, user_id=user.id)
            decided, hint = change(plan)
            if decided:
                task = replace(plan.task, decisions={**plan.task.decisions, **decided})
                plan = await plan_merge(session, task, user_id=user.id)
            store_task(draft, plan.task)
            await session.flush()
            step = await self._next(session, draft, plan, author=author, place=place)
            if isinstance(step, MergeQuestion):
                step = replace(step, remark=" ".join(filter(None, (remark, hint))))
            return step

    async def _open(self, session: AsyncSession, draft_id: int, author: Author) -> tuple[MergeDraft, SharedSong, User]:
        draft = await MergeRepository(session).find(draft_id)
        song = None if draft is None else await SharedSongRepository(session).find(draft.shared_song_id)
        if draft is None or song is None:
            raise NotFoundError(what="merge", identifier=str(draft_id))
        if draft.closed_at is not None:
            ended = "given up" if draft.outcome == "dropped" else "decided and handed on"
            raise InputError(f"This merge was {ended} already. Begin another with /branch merge.")
        user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=utc_now())
        return draft, song, user

    async def _next(
        self, session: AsyncSession, draft: MergeDraft, plan: MergePlan, *, author: Author, place: Place
    ) -> MergeStep:
        if not plan.is_decided:
            names = [await _author_of(session, each) for each in (plan.task.ours_id, plan.task.theirs_id)]
            owners = {layer.owner_id for side in (plan.ours, plan.theirs) for layer in side.layers}
            people = {number: user.name for number, user in (await UserRepository(session).get(owners)).items()}
            return MergeQuestion(draft_id=draft.id, plan=plan, who_ours=names[0], who_theirs=names[1], people=people)
        _check_worthwhile(plan)
        await MergeRepository(session).close(draft.id, outcome="merged", now=utc_now())
        return MergeOrder(order=_order(plan, author=author, place=place), plan=plan, draft_id=draft.id)


async def _task(
    session: AsyncSession,
    song: SharedSong,
    target: Branch,
    *,
    theirs_id: int,
    theirs_name: str,
    kind: MergeKind = "merge",
) -> MergeTask:
    base_id = await find_base(session, target.head_id, theirs_id, ours_name=target.name, theirs_name=theirs_name)
    return MergeTask(
        kind=kind,
        shared_song_id=song.id,
        into_branch_id=target.id,
        ours_id=target.head_id,
        theirs_id=theirs_id,
        base_id=base_id,
        ours_name=target.name,
        theirs_name=theirs_name,
        decisions={},
    )


async def _revision_here(session: AsyncSession, song: SharedSong, revision_id: int) -> Revision:
    """Return a revision of this song.

    Raises:
        InputError: for one of another song.
        NotFoundError: when it was deleted.
    """
    revision = await find_present(session, revision_id)
    home = await SharedSongRepository(session).of_revision(revision_id)
    if home is None or home.id != song.id:
        raise InputError(f"#{revision_id} is no state of the song in this thread. Link one of its results.")
    return revision


async def _author_of(session: AsyncSession, revision_id: int) -> str:
    revision = await find_present(session, revision_id)
    return (await session.get_one(User, revision.author_id)).name


def _check_worthwhile(plan: MergePlan) -> None:
    """Refuse to take back what is gone already."""
    task, found, ours = plan.task, plan.merge.song, plan.ours
    if task.kind != "revert" or found is None:
        return
    if found.layers == ours.layers and replace(found.piece, title="") == replace(ours.piece, title=""):
        raise InputError(
            f"Nothing that #{task.base_id} changed is left in {task.ours_name}, or you decided to keep all of it. The song stays as "
            "it is."
        )


def _order(plan: MergePlan, *, author: Author, place: Place) -> JobOrder:
    return JobOrder(
        author=author,
        place=place,
        options=plan.task.options(),
        source=FromRevision(revision_id=plan.task.ours_id),
    )
