"""What is said of branches, merges, conflicts and comparisons. It sends nothing; names that people chose are escaped."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.plain_text import clip, make_plain
from bot.services.model import Author
from bot.services.together.branches.branching import BranchLine, BranchStep
from bot.services.together.branches.comparing import SongComparison
from bot.services.together.merging.service import MergeQuestion
from bot.ui.embeds.style import BLUE, DESCRIPTION_LIMIT, FIELD_LIMIT, GREEN, GREY
from music.versions.conflicts import ConflictKind

_MOST_LINES = 30
_NEXT_SHOWN = 5


def step_embed(step: BranchStep, author: Author, *, link: str) -> discord.Embed:
    """Say on which branch somebody is now, and what that means."""
    name, who = make_plain(step.name), make_plain(author.name, limit=80)
    title = "Branch begun" if step.is_new else "Branch"
    words = f"{who} works on **{name}** of “{make_plain(step.title)}” now; its newest state is {link}."
    if step.is_new:
        words += f" **{make_plain(step.before)}** stays as it is. /branch merge brings **{name}** into it, /branch switch leads back."
    return discord.Embed(title=title, description=words, colour=GREEN if step.is_new else BLUE)


def closed_embed(step: BranchStep) -> discord.Embed:
    """Say that a branch was closed, and who is on main now."""
    words = f"**{make_plain(step.before)}** of “{make_plain(step.title)}” is closed. Everything on it stays, and can still be merged."
    if step.moved:
        names = ", ".join(make_plain(person.name, limit=80) for person in step.moved)
        words += f" Back on **main**: {names}."
    return discord.Embed(title="Branch closed", description=clip(words, DESCRIPTION_LIMIT), colour=GREY)


def branches_embed(title: str, lines: Sequence[BranchLine], *, links: Sequence[str]) -> discord.Embed:
    """List branches: who works on each, its newest state, and how far it is from main."""
    rows = [_branch_row(line, link) for line, link in zip(lines, links, strict=True)]
    embed = discord.Embed(
        title=f"Branches of “{clip(make_plain(title), 200)}”",
        description=clip("\n".join(rows), DESCRIPTION_LIMIT),
        colour=BLUE,
    )
    embed.set_footer(text="/branch new begins one, /branch switch leads to one, /branch merge brings two together.")
    return embed


def _branch_row(line: BranchLine, link: str) -> str:
    words = [f"**{make_plain(line.name)}**" + (" (you are here)" if line.is_mine else ""), f"newest {link}"]
    if line.num_ahead:
        words.append(f"{line.num_ahead} {'change' if line.num_ahead == 1 else 'changes'} that main has not")
    if line.num_behind:
        words.append(f"{line.num_behind} of main's {'is' if line.num_behind == 1 else 'are'} missing")
    if line.people:
        words.append(", ".join(make_plain(person.name, limit=40) for person in line.people[:8]))
    if line.is_closed:
        words.append("closed")
    return ", ".join(words)


def question_embed(question: MergeQuestion, *, remarks: Sequence[str] = ()) -> discord.Embed:
    """Ask about one conflict: where, what each side has, and what each answer means."""
    task, conflict = question.plan.task, question.conflict
    ours, theirs = make_plain(task.ours_name), make_plain(task.theirs_name)
    embed = discord.Embed(
        title=f"Conflict {question.number} of {len(question.plan.merge.conflicts)}",
        description=clip(
            f"**{theirs}** comes into **{ours}**, and both changed this since they parted:\n"
            f"{make_plain(question.sentence_of(conflict))}",
            DESCRIPTION_LIMIT,
        ),
        colour=BLUE,
    )
    who = (question.who_ours, question.who_theirs)
    embed.add_field(name="Ours", value=f"{ours}, last changed by {make_plain(who[0], limit=80)}, #{task.ours_id}")
    embed.add_field(name="Theirs", value=f"{theirs}, last changed by {make_plain(who[1], limit=80)}, #{task.theirs_id}")
    if conflict.kind is ConflictKind.CELLS and len(conflict.offered) > 2:
        embed.add_field(
            name="Answers",
            value="*Both*: theirs go to a layer of their own beside. *Bridge*: I write these bars anew between what stands around them.",
            inline=False,
        )
    waiting = question.plan.merge.open_conflicts[1 : 1 + _NEXT_SHOWN]
    if waiting:
        rest = len(question.plan.merge.open_conflicts) - 1 - len(waiting)
        lines = [make_plain(question.sentence_of(each), limit=150) for each in waiting]
        lines += [f"and {rest} more"] if rest else []
        embed.add_field(name="Still to come", value=clip("\n".join(lines), FIELD_LIMIT), inline=False)
    for remark in filter(None, (question.remark, *remarks)):
        embed.add_field(name="Note", value=clip(make_plain(remark), FIELD_LIMIT), inline=False)
    embed.set_footer(
        text=f"merge {question.draft_id} · whoever edits the song may decide; nothing changes before the last answer"
    )
    return embed


def dropped_embed(what: str, author: Author) -> discord.Embed:
    """Say that a merge was given up."""
    words = f"{make_plain(author.name, limit=80)} gave up merging {make_plain(what)}. Nothing was changed; /branch merge begins again."
    return discord.Embed(description=words, colour=GREY)


def comparison_embed(found: SongComparison) -> discord.Embed:
    """Say what lies between two states, a line each."""
    lines = [make_plain(line, limit=300) for line in found.lines[:_MOST_LINES]]
    if len(found.lines) > _MOST_LINES:
        lines.append(f"and {len(found.lines) - _MOST_LINES} more")
    before, after = make_plain(found.before.name), make_plain(found.after.name)
    embed = discord.Embed(
        title=clip(f"{before} → {after}", 250), description=clip("\n".join(lines), DESCRIPTION_LIMIT), colour=BLUE
    )
    steps = f"{found.num_steps} {'change' if found.num_steps == 1 else 'changes'} that {before} has not"
    where = f"“{make_plain(found.title)}”, from #{found.before.revision_id} to #{found.after.revision_id}"
    embed.add_field(
        name="Song", value=clip(f"{where}: {steps}" if found.num_steps else where, FIELD_LIMIT), inline=False
    )
    for remark in found.remarks:
        embed.add_field(name="Note", value=clip(make_plain(remark), FIELD_LIMIT), inline=False)
    return embed
