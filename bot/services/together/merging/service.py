"""Merges from wish to order: found, planned, decided conflict by conflict, and handed on as a job. It knows no Discord.

What is to be decided is a row, so a restart loses no decision, and whoever may edit the song may go on with it. A merge whose branch
moved on is planned anew; decisions on what did not change meanwhile stay.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services.clock import utc_now
from bot.services.model import Author, FromRevision, JobOrder, Place
from bot.services.songs.graph import find_present
from bot.services.together.merging.drafts import new_merge, store_task, task_of
from bot.services.together.merging.plans import MergePlan, MergeTask, follow_head, plan_merge
from bot.services.together.merging.tasks import task_of_merge, task_of_rebase, task_of_revert
from bot.services.together.rights import check_may_edit
from bot.services.together.service import song_here
from core.errors import InputError, LimitError, NotFoundError
from db.engine import Database, unbroken
from db.repositories.merges import MergeRepository
from db.repositories.shared_songs import MAIN, SharedSongRepository
from db.repositories.users import UserRepository
from db.shared_tables import MergeDraft, SharedSong
from db.tables import User
from music.versions.conflicts import Conflict, Resolution

_log = structlog.stdlib.get_logger(__name__)

_MAX_TRIES = 5
_TOO_BUSY = "Several people decide on this merge at this very moment. Try again."
_MOVED_ON = "{} moved on meanwhile; what still fits stays decided."


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """A plan with the names of people in it. ``draft_id``: an open merge of the same two, if there is one."""

    plan: MergePlan
    draft_id: int | None
    who_ours: str
    who_theirs: str
    people: Mapping[int, str]
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A merge as it stood when somebody pressed a button, and the head of its branch then."""

    task: MergeTask
    head_id: int
    user_id: int


class Merging:
    """Brings lines of work together. What is computed is computed beside the transactions that write, which nobody has to wait for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- beginning -------------------------------------------------------------------------------------------------

    async def merge(self, author: Author, place: Place, *, source: str, into: str = MAIN) -> MergeStep:
        """Begin to merge a branch (or another named state) into a branch.

        Raises:
            InputError: when no song lives here, a name means nothing, or there is nothing to merge.
            NotFoundError: when one of the states was deleted.
            PermissionDeniedError: when they may not change this song, or the other song's host keeps it in its thread.
        """
        return await self._begin(author, place, partial(task_of_merge, source=source, into=into))

    async def rebase(self, author: Author, place: Place, revision_id: int) -> MergeStep:
        """Begin to bring a candidate, a change that came late, onto the newest state of the branch that it was meant for.

        Raises:
            InputError: when it is part of a branch already, or of another song.
            NotFoundError: when it was deleted.
            PermissionDeniedError: when they may not change this song.
        """
        return await self._begin(author, place, lambda session, song, _: task_of_rebase(session, song, revision_id))

    async def revert(self, author: Author, place: Place, revision_id: int) -> MergeStep:
        """Begin to take back one change on the branch that the author works on; what came later stays.

        Raises:
            InputError: when it is no part of that branch, or the song began with it.
            NotFoundError: when it was deleted.
            PermissionDeniedError: when they may not change this song.
        """
        return await self._begin(author, place, partial(task_of_revert, revision_id=revision_id))

    async def _begin(self, author: Author, place: Place, find: _Find) -> MergeStep:
        user_id = await self._admit(author, place)
        for _ in range(_MAX_TRIES):
            looked = await self._look(place, user_id, find)
            _check_worthwhile(looked.plan)
            if not looked.plan.merge.conflicts:
                return MergeOrder(order=_order(looked.plan, author=author, place=place), plan=looked.plan)
            draft_id = await self._store_first(looked, user_id=user_id)
            if draft_id is not None:
                return self._step(looked, draft_id, author=author, place=place)
        raise LimitError(_TOO_BUSY)

    @unbroken
    async def _admit(self, author: Author, place: Place) -> int:
        """Return the number of somebody who may change the song that lives here."""
        now = utc_now()
        async with self._database.writing() as session:
            song = await song_here(session, place)
            user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
            await check_may_edit(session, song, user, author, now=now)
            return user.id

    @unbroken
    async def _look(self, place: Place, user_id: int, find: _Find) -> _Looked:
        """Plan what somebody means, with what was decided of it earlier."""
        async with self._database.reading() as session:
            song, user = await song_here(session, place), await session.get_one(User, user_id)
            task = await find(session, song, user)
            known = await MergeRepository(session).newest(into_branch_id=task.into_branch_id, theirs_id=task.theirs_id)
            if known is not None and task_of(known).kind == task.kind and known.base_id == task.base_id:
                earlier = await follow_head(session, task_of(known), task.ours_id, user_id=user_id)
                task = replace(task, decisions=earlier.decisions)
            plan = await plan_merge(session, task, user_id=user_id)
            draft_id = None if known is None or known.closed_at is not None else known.id
            return await _with_names(session, plan, draft_id=draft_id)

    @unbroken
    async def _store_first(self, looked: _Looked, *, user_id: int) -> int | None:
        """Store a merge that has conflicts, or what became of it; None when somebody ended it meanwhile."""
        async with self._database.writing() as session:
            merges = MergeRepository(session)
            if looked.draft_id is None:
                draft = await merges.add(new_merge(looked.plan.task, user_id=user_id), now=utc_now())
                _log.info("merge_begun", draft_id=draft.id, num_conflicts=len(looked.plan.merge.conflicts))
            else:
                draft = await merges.find(looked.draft_id)
            if draft is None or draft.closed_at is not None:
                return None
            return await _store(session, draft, looked.plan)

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

    async def _change(self, author: Author, place: Place, draft_id: int, change: _Change) -> MergeStep:
        for _ in range(_MAX_TRIES):
            opened = await self._open(author, draft_id)
            looked = await self._decide(opened, change)
            _check_worthwhile(looked.plan)
            if await self._store_next(draft_id, opened, looked):
                return self._step(looked, draft_id, author=author, place=place)
        raise LimitError(_TOO_BUSY)

    @unbroken
    async def _open(self, author: Author, draft_id: int) -> _Opened:
        """Return a merge as it stands, for somebody who may change its song."""
        now = utc_now()
        async with self._database.writing() as session:
            draft, user = await _admitted(session, draft_id, author, now=now)
            branch = await SharedSongRepository(session).branch(draft.into_branch_id)
            if branch is None or branch.closed_at is not None:
                raise InputError(
                    "The branch that was to take this merge is closed. Give it up, and merge into another one."
                )
            return _Opened(task=task_of(draft), head_id=branch.head_id, user_id=user.id)

    @unbroken
    async def _decide(self, opened: _Opened, change: _Change) -> _Looked:
        """Plan a merge anew with one more decision, on its branch as it is now."""
        async with self._database.reading() as session:
            task = await follow_head(session, opened.task, opened.head_id, user_id=opened.user_id)
            remark = "" if task.ours_id == opened.task.ours_id else _MOVED_ON.format(task.ours_name)
            plan = await plan_merge(session, task, user_id=opened.user_id)
            decided, hint = change(plan)
            if decided:
                task = replace(plan.task, decisions={**plan.task.decisions, **decided})
                plan = await plan_merge(session, task, user_id=opened.user_id)
            return await _with_names(session, plan, remark=" ".join(filter(None, (remark, hint))))

    @unbroken
    async def _store_next(self, draft_id: int, opened: _Opened, looked: _Looked) -> bool:
        """Store what was decided; False when somebody else decided something since it was looked at."""
        async with self._database.writing() as session:
            draft = await MergeRepository(session).find(draft_id)
            if draft is None or draft.closed_at is not None or task_of(draft) != opened.task:
                return False
            await _store(session, draft, looked.plan)
            return True

    def _step(self, looked: _Looked, draft_id: int, *, author: Author, place: Place) -> MergeStep:
        plan = looked.plan
        if plan.is_decided:
            return MergeOrder(order=_order(plan, author=author, place=place), plan=plan, draft_id=draft_id)
        return MergeQuestion(
            draft_id=draft_id,
            plan=plan,
            who_ours=looked.who_ours,
            who_theirs=looked.who_theirs,
            people=looked.people,
            remark=looked.remark,
        )

    # --- ending ----------------------------------------------------------------------------------------------------

    @unbroken
    async def give_up(self, author: Author, draft_id: int) -> str:
        """End a merge without a result, and return what it would have brought where.

        Raises:
            InputError: when it has ended already.
            PermissionDeniedError: when they may not change this song.
        """
        now = utc_now()
        async with self._database.writing() as session:
            draft, _ = await _admitted(session, draft_id, author, now=now)
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


async def _admitted(session: AsyncSession, draft_id: int, author: Author, *, now: datetime) -> tuple[MergeDraft, User]:
    """Return a merge that has not ended, and somebody who may change its song.

    Raises:
        InputError: when it has ended.
        NotFoundError: when it never was.
        PermissionDeniedError: when they may not.
    """
    draft = await MergeRepository(session).find(draft_id)
    song = None if draft is None else await SharedSongRepository(session).find(draft.shared_song_id)
    if draft is None or song is None:
        raise NotFoundError(what="merge", identifier=str(draft_id))
    if draft.closed_at is not None:
        ended = "given up" if draft.outcome == "dropped" else "decided and handed on"
        raise InputError(f"This merge was {ended} already. Begin another with /branch merge.")
    user = await UserRepository(session).find_or_add(author.user_id, name=author.name, now=now)
    await check_may_edit(session, song, user, author, now=now)
    return draft, user


async def _store(session: AsyncSession, draft: MergeDraft, plan: MergePlan) -> int:
    """Write down where a merge stands, and end it if nothing is left to decide."""
    store_task(draft, plan.task)
    await session.flush()
    if plan.is_decided:
        await MergeRepository(session).close(draft.id, outcome="merged", now=utc_now())
    return draft.id


async def _with_names(
    session: AsyncSession, plan: MergePlan, *, draft_id: int | None = None, remark: str = ""
) -> _Looked:
    """Return a plan with the names that a question about it needs."""
    who_ours, who_theirs = [await _author_of(session, each) for each in (plan.task.ours_id, plan.task.theirs_id)]
    owners = {layer.owner_id for side in (plan.ours, plan.theirs) for layer in side.layers}
    people = {number: user.name for number, user in (await UserRepository(session).get(owners)).items()}
    return _Looked(plan=plan, draft_id=draft_id, who_ours=who_ours, who_theirs=who_theirs, people=people, remark=remark)


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
