"""What votes look like and say: open, in lists, and over. It sends nothing; all that people typed is escaped.

An open vote tells how many have voted, never for what; only a closed one tells what is behind the letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import discord

from bot.plain_text import clip, make_plain
from bot.services.model import RevisionView
from bot.services.together.votes.files import VoteFiles
from bot.services.together.votes.model import LETTERS, CastBallot, OpenVote, VoteOutcome, VoteView
from bot.services.together.votes.rankers import Learned
from bot.ui.embeds.style import BLUE, DESCRIPTION_LIMIT, FIELD_LIMIT, GREEN, GREY, TITLE_LIMIT, jump_url, link_to

_KINDS = {"takes": "take", "revisions": "state", "branches": "branch"}
_REASONS = {
    "everybody": "Everybody who edits this song has voted.",
    "decided": "Those who have not voted could not change it any more.",
    "host": "It was closed by hand.",
    "time": "Its time is out.",
    "alone": "Only one person edits this song, so this was no vote: the pick was taken at once.",
}


def vote_embed(vote: VoteView, files: VoteFiles | None = None) -> discord.Embed:
    """Show a vote as it stands."""
    return _open_embed(vote, files) if vote.outcome is None else _closed_embed(vote, vote.outcome)


def _open_embed(vote: VoteView, files: VoteFiles | None) -> discord.Embed:
    letters = LETTERS[: len(vote.paper.choices)]
    lines = [
        f"Listen to **{', '.join(letters[:-1])}** and **{letters[-1]}**, then press a letter; you may change it until the end.",
        "What is behind the letters, and who is ahead, nobody sees before.",
        _rules(vote),
    ]
    if vote.num_voters <= 1:
        lines.append("Only one person edits this song, so this is no vote: the first press is taken at once.")
    gone = [letter for letter, revision in zip(letters, vote.revisions, strict=True) if revision is None]
    if gone:
        lines.append(f"{' and '.join(gone)} cannot be chosen any more: deleted.")
    embed = discord.Embed(title=_title(vote), description=clip("\n".join(lines), DESCRIPTION_LIMIT), colour=BLUE)
    embed.add_field(name="Voted", value=f"{vote.num_ballots} of {max(vote.num_voters, vote.num_ballots)}", inline=True)
    if vote.closes_at is not None:
        embed.add_field(name="Ends", value=_moment(vote.closes_at), inline=True)
    for remark in () if files is None else files.remarks:
        embed.add_field(name="Note", value=clip(make_plain(remark), FIELD_LIMIT), inline=False)
    embed.set_footer(text=f"vote {vote.vote_id} · opened by {clip(vote.opened_by.name, 80)}")
    return embed


def _rules(vote: VoteView) -> str:
    quorum = "" if vote.quorum <= 1 else f", if at least {vote.quorum} vote"
    return f"The winner needs more than {vote.threshold:.0%} of the ballots and more than any other{quorum}."


def _closed_embed(vote: VoteView, outcome: VoteOutcome) -> discord.Embed:
    lines = [_REASONS[outcome.reason], f"**{_verdict(outcome)}** {became_words(vote, outcome)}".strip()]
    colour = GREY if outcome.winner is None else GREEN
    embed = discord.Embed(title=_title(vote), description=clip("\n".join(lines), DESCRIPTION_LIMIT), colour=colour)
    for place, choice in enumerate(vote.paper.choices):
        number = outcome.counts[place]
        ballots = "1 ballot" if number == 1 else f"{number} ballots"
        won = " · won" if place == outcome.winner else ""
        behind = f"{make_plain(choice.name, limit=80)}: {_behind(vote.revisions[place])}"
        embed.add_field(name=f"{LETTERS[place]}: {ballots}{won}", value=clip(behind, FIELD_LIMIT), inline=False)
    embed.set_footer(text=f"vote {vote.vote_id} · opened by {clip(vote.opened_by.name, 80)}")
    return embed


def _verdict(outcome: VoteOutcome) -> str:
    if outcome.winner is not None:
        return f"{LETTERS[outcome.winner]} has won."
    best = max(outcome.counts)
    leaders = " and ".join(LETTERS[place] for place, number in enumerate(outcome.counts) if number == best)
    return {
        "tie": f"Nobody has won: {leaders} have as many.",
        "no majority": f"Nobody has won: {leaders} has the most, but not enough of all ballots.",
    }.get(outcome.verdict, "Nobody has won: too few have voted.")


def became_words(vote: VoteView, outcome: VoteOutcome) -> str:
    """Return what became of the winner, and what to do where something is left to do."""
    if outcome.winner is None:
        return f"Nothing changes. The host can still decide: /vote close vote:{vote.vote_id} with a winner."
    branch = f"**{make_plain(outcome.branch, limit=40)}**"
    if outcome.taken is None:
        return ""
    return {
        "head": f"It is the newest state of {branch} now.",
        "already": f"It was the newest state of {branch} already, so nothing changes.",
        "late": (
            f"{branch} went on meanwhile, or somebody claims what it would change, so it waits beside it: Rebase brings it "
            "onto the newest state."
        ),
        "back": f"Its state is the newest of {branch} again, as #{outcome.revision_id}; what was there before stays in the line.",
        "locked": f"It would change a layer that its owner has locked, so {branch} stays. Ask the owner to unlock it, and vote again.",
        "gone": "But it was deleted meanwhile, so nothing changes.",
        "merge": f"Merge the winner brings {branch} into main, as it was voted on.",
        "closed": "But the song is closed, so nothing changes.",
    }[outcome.taken]


def ballot_words(ballot: CastBallot) -> str:
    """Tell somebody that their ballot was taken; only they read it."""
    letter = LETTERS[ballot.choice]
    if ballot.vote.outcome is not None:
        return f"Your ballot is **{letter}**. It was the last one that was needed: the vote is over."
    if ballot.before == ballot.choice:
        return f"Your ballot is **{letter}** already."
    changed = "" if ballot.before is None else f" in place of {LETTERS[ballot.before]}"
    return f"Your ballot is **{letter}**{changed}. You may change it until the vote is over."


def votes_embed(votes: Sequence[VoteView]) -> discord.Embed:
    """List votes, newest first."""
    lines = [_line(vote) for vote in votes]
    text = "\n".join(lines) or "This song has had no votes yet. /vote start opens one."
    return discord.Embed(title="Votes of this song", description=clip(text, DESCRIPTION_LIMIT), colour=BLUE)


def _line(vote: VoteView) -> str:
    name = vote.title if vote.message_id is None else f"[{vote.title}]({jump_url(vote.place, vote.message_id)})"
    if vote.outcome is not None:
        return f"{name}: {_verdict(vote.outcome)}"
    ends = "" if vote.closes_at is None else f", ends {_moment(vote.closes_at)}"
    return f"{name}: open, {vote.num_ballots} voted{ends}"


def open_vote_words(vote: OpenVote) -> str:
    """Return an open vote in one line, for the card."""
    return f"{vote.title}, {vote.num_ballots} voted"


def learned_embed(learned: Learned) -> discord.Embed:
    """Say what a server's votes have taught, and whether it is used."""
    check, lines = learned.check, list[str]()
    if not learned.is_on:
        lines.append(
            "Learning from votes is off here. Whoever manages this server can switch it on: /settings learning."
        )
    elif learned.num_votes == 0:
        lines.append("Learning from votes is on, and no vote of a song has ended since.")
    else:
        lines.append(
            f"I learned from {learned.num_votes} votes. Of {check.num_votes} that had a winner, I would have foretold {check.num_hits} from "
            f"the others; by chance as many happen with a probability of {check.chance:.0%}."
        )
        lines.append(
            "So I mark the take that may win in replies of several takes."
            if check.is_passed
            else "That is not enough to go by, so I suggest nothing yet."
        )
        leanings = ", ".join(f"{'more' if sign > 0 else 'less'}: {name}" for name, sign in learned.leanings)
        lines.append(f"Strongest leanings: {leanings}.")
        lines.append(
            "I keep numbers about the options and how many ballots each had, nothing about people. /vote forget erases it."
        )
    return discord.Embed(title="What votes have taught me", description="\n".join(lines), colour=BLUE)


def _title(vote: VoteView) -> str:
    over = "" if vote.outcome is None else " (over)"
    return clip(
        f"Vote {vote.vote_id}: which {_KINDS[vote.kind]} of “{make_plain(vote.song_title)}”?{over}", TITLE_LIMIT
    )


def _behind(revision: RevisionView | None) -> str:
    if revision is None:
        return "deleted"
    seed = "" if revision.seed is None else f", seed {revision.seed}"
    return f"{link_to(revision)}{seed}"


def _moment(moment: datetime) -> str:
    return f"<t:{int(moment.timestamp())}:R>"
