"""What a job looks like before its reply: how far it is, why there will be none. It knows nothing of results."""

from __future__ import annotations

import discord

from bot.plain_text import clip, make_plain
from bot.services.model import JobView, ProgressView
from bot.ui.embeds.style import BLUE, GREY, RED
from bot.ui.wording.registry import WORDINGS

_GAUGE_CELLS = 12


def progress_embed(job: JobView, progress: ProgressView) -> discord.Embed:
    """Show how far a job is."""
    embed = discord.Embed(title=WORDINGS[job.operation].at_work, description=_progress_line(progress), colour=BLUE)
    embed.set_footer(text=f"for {clip(job.author.name, 80)}")
    return embed


def error_embed(text: str) -> discord.Embed:
    """Show one sentence about what went wrong."""
    return discord.Embed(description=text, colour=RED)


def cancelled_embed(text: str) -> discord.Embed:
    """Show that a job was cancelled on request."""
    return discord.Embed(description=text, colour=GREY)


def _progress_line(progress: ProgressView) -> str:
    if progress.stage == "waiting":
        place = "" if progress.queue_place is None else f": place {progress.queue_place}"
        return f"In the queue{place}{_eta(progress.eta_seconds)}"
    if progress.stage == "restarting":
        return "I am being restarted; this goes on by itself in a moment."
    words = {"reading": "Reading the music", "writing": "Writing", "rendering": "Making sound and picture"}
    line = f"{words[progress.stage]} {make_plain(progress.step)}" if progress.step else words[progress.stage]
    early = progress.early
    heard = "" if early is None else f"\nListen to the first {early.num_bars} of {early.num_total} bars meanwhile."
    if progress.num_total <= 0:
        return f"{line}…{heard}"
    share = min(1.0, progress.num_done / progress.num_total)
    filled = round(share * _GAUGE_CELLS)
    gauge = "▰" * filled + "▱" * (_GAUGE_CELLS - filled)
    count = f"{progress.unit} {progress.num_done} of {progress.num_total}"
    return f"{line}: {count}{_eta(progress.eta_seconds)}\n{gauge} {share:.0%}{heard}"


def _eta(seconds: float | None) -> str:
    return "" if seconds is None else f", about {max(1, round(seconds))} s"
