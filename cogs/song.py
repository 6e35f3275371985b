"""/song: songs that people make together in a thread: begun, joined, decided on, closed."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import TuttiBot
from bot.services.model import Author
from bot.services.operations.founding import FoundOptions
from bot.services.options import DEFAULT_NUM_BARS
from bot.services.together.model import DEFAULT_LICENCE, LICENCES, ForkRule, Role, SharedSongView
from bot.ui.together import branch_flow, credit_flow, fork_flow, look_flow, merge_flow, song_flow
from bot.ui.together.settings_flow import SongWishes, set_rules
from bot.ui.together.song_embeds import members_embed
from music.constraints import METRES

_LICENCES = [app_commands.Choice(name=words[:100], value=name) for name, words in LICENCES.items()]
_METRES = [app_commands.Choice(name=f"{top}/{bottom}", value=f"{top}/{bottom}") for top, bottom in METRES]


class Song(commands.GroupCog, group_name="song", group_description="Songs that you make together in a thread"):
    """Begins songs and says who may do what in them."""

    def __init__(self, bot: TuttiBot) -> None:
        self.bot = bot

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Close the song whose thread was deleted; its music stays."""
        await self.bot.services.together.members.close_homeless(payload.thread_id)

    @app_commands.command(name="new", description="Begin a song in a thread of its own, to make it together")
    @app_commands.describe(
        title="What it is called",
        bars="How long it is at first; it may grow",
        metre="Beats in a bar",
        tempo="Quarter notes per minute",
        licence="What others may do with it",
        message="A link to one of my messages: the song begins with that music",
    )
    @app_commands.choices(licence=_LICENCES, metre=_METRES)
    async def new(
        self,
        interaction: discord.Interaction[TuttiBot],
        title: app_commands.Range[str, 1, 100],
        bars: app_commands.Range[int, 1, 1000] = DEFAULT_NUM_BARS,
        metre: str = "4/4",
        tempo: app_commands.Range[float, 1, 1000] = 120.0,
        licence: str = DEFAULT_LICENCE,
        message: str | None = None,
    ) -> None:
        """Begin a song."""
        options = FoundOptions(title=title, num_bars=bars, metre=metre, tempo_bpm=tempo)
        await song_flow.begin_song(self.bot.desk, interaction, options, licence=licence, link=message)

    @app_commands.command(name="join", description="Join the song that lives in this thread; shows its licence")
    async def join(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Let somebody in."""
        await song_flow.join_song(self.bot.desk, interaction)

    @app_commands.command(name="leave", description="Leave the song; what you made stays, with your name")
    async def leave(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Let somebody go."""
        await song_flow.leave_song(self.bot.desk, interaction)

    @app_commands.command(name="invite", description="Let somebody edit this song, or only listen (the host)")
    @app_commands.describe(person="Whom", role="What they may do; host hands the song over")
    async def invite(
        self, interaction: discord.Interaction[TuttiBot], person: discord.User, role: Role = "editor"
    ) -> None:
        """Give somebody a role."""
        of = Author(user_id=person.id, name=person.display_name)
        await song_flow.set_role(self.bot.desk, interaction, of=of, role=role)

    @app_commands.command(name="members", description="Who is in this song, and what they are in it")
    async def members(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """List who is in the song."""
        together = self.bot.services.together

        async def show(song: SharedSongView) -> discord.Embed:
            return members_embed(song, await together.members.members(song.place))

        await song_flow.show_song(self.bot.desk, interaction, show)

    @app_commands.command(name="settings", description="Title, licence and rules of this song (the host)")
    @app_commands.describe(
        title="What it is called",
        licence="What others may do with it",
        open="Whether everybody who can write here may edit",
        editors="A role of this server whose people edit",
        listeners="A role of this server whose people only listen",
        layers="How many layers it may have",
        forks="Who may take it to another place",
        turns="Whether only the person whose turn it is may change it",
        turn_minutes="How long a turn lasts",
        claim_minutes="How long a claim on bars lasts",
        bot_plays="Whether I take a turn that ran out",
        vote_percent="More than so many percent of the ballots win a vote",
        vote_quorum="So many ballots a vote needs",
        listeners_vote="Whether those who only listen vote, too",
    )
    @app_commands.choices(licence=_LICENCES)
    async def settings(  # noqa: PLR0917 - Discord passes options by name
        self,
        interaction: discord.Interaction[TuttiBot],
        title: str | None = None,
        licence: str | None = None,
        open: bool | None = None,  # noqa: A002, FBT001 - Discord shows and passes options by name
        editors: discord.Role | None = None,
        listeners: discord.Role | None = None,
        layers: int | None = None,
        forks: ForkRule | None = None,
        turns: bool | None = None,  # noqa: FBT001 - same
        turn_minutes: int | None = None,
        claim_minutes: int | None = None,
        bot_plays: bool | None = None,  # noqa: FBT001 - same
        vote_percent: app_commands.Range[int, 0, 99] | None = None,
        vote_quorum: int | None = None,
        listeners_vote: bool | None = None,  # noqa: FBT001 - same
    ) -> None:
        """Note what the host decides."""
        wishes = SongWishes(
            is_open=open,
            editor_role_id=None if editors is None else editors.id,
            listener_role_id=None if listeners is None else listeners.id,
            max_layers=layers,
            may_fork=forks,
            turn_mode=turns,
            turn_minutes=turn_minutes,
            claim_minutes=claim_minutes,
            bot_plays=bot_plays,
            vote_percent=vote_percent,
            vote_quorum=vote_quorum,
            listeners_vote=listeners_vote,
        )
        await set_rules(self.bot.desk, interaction, wishes, licence=licence, title=title)

    @app_commands.command(name="card", description="Where the card of this song is; made anew if somebody deleted it")
    async def card(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Find the card."""
        await look_flow.show_card_link(self.bot.desk, interaction)

    @app_commands.command(name="graph", description="The revisions of this song as a picture: branches, merges, tags")
    async def graph(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Draw the graph."""
        await look_flow.show_graph(self.bot.desk, interaction)

    @app_commands.command(name="close", description="Close this song: all of it stays, nothing is added (the host)")
    async def close(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Close the song."""
        await song_flow.set_open(self.bot.desk, interaction, is_open=False)

    @app_commands.command(name="open", description="Open a closed song again (the host)")
    async def open(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Open the song again."""
        await song_flow.set_open(self.bot.desk, interaction, is_open=True)

    @app_commands.command(name="tag", description="Give a state of this song a name, such as “demo”")
    @app_commands.describe(
        name="The name; one that is taken moves here", message="A link to the state; left out, the newest"
    )
    async def tag(
        self,
        interaction: discord.Interaction[TuttiBot],
        name: app_commands.Range[str, 1, 40],
        message: str | None = None,
    ) -> None:
        """Name a state."""
        await song_flow.tag_state(self.bot.desk, interaction, name=name, link=message)

    @app_commands.command(name="who", description="Who wrote these bars: people, files, networks with their seeds")
    @app_commands.describe(layer="A layer by number, name or instrument; left out, all", bars="Such as 9 or 5-8")
    async def who(
        self, interaction: discord.Interaction[TuttiBot], layer: str | None = None, bars: str | None = None
    ) -> None:
        """Tell who wrote some bars."""
        await credit_flow.show_who(self.bot.desk, interaction, layer=layer or "", bars=bars)

    @app_commands.command(
        name="credits", description="Who and what wrote the notes of this song, with all of it as a file"
    )
    async def credits(self, interaction: discord.Interaction[TuttiBot]) -> None:
        """Show the credit sheet."""
        await credit_flow.show_credits(self.bot.desk, interaction)

    @app_commands.command(name="rebase", description="Bring a change that came late onto the newest state of the song")
    @app_commands.describe(message="A link to the message that shows the change")
    async def rebase(self, interaction: discord.Interaction[TuttiBot], message: str) -> None:
        """Rebase a late change."""
        await merge_flow.rebase_linked(self.bot.desk, interaction, link=message)

    @app_commands.command(name="revert", description="Take back one change; what came after it stays")
    @app_commands.describe(message="A link to the message that shows the change")
    async def revert(self, interaction: discord.Interaction[TuttiBot], message: str) -> None:
        """Take back a change in the middle."""
        await merge_flow.revert_linked(self.bot.desk, interaction, link=message)

    @app_commands.command(name="compare", description="What lies between two states: in words, drawn, and heard")
    @app_commands.describe(
        before="A branch, a tag, a number such as #12, or a link to one of my messages",
        after="The same; left out, the newest state of main",
    )
    async def compare(self, interaction: discord.Interaction[TuttiBot], before: str, after: str = "main") -> None:
        """Compare two states."""
        await branch_flow.compare_states(self.bot.desk, interaction, before=before, after=after)

    @app_commands.command(name="fork", description="Go on with this song in a thread of your own, with credit")
    @app_commands.describe(
        channel="Where the thread is to be; left out, beside this one",
        title="What the fork is called",
        message="The state to begin with: a branch, a tag or a link; left out, where you are",
    )
    async def fork(
        self,
        interaction: discord.Interaction[TuttiBot],
        channel: discord.TextChannel | None = None,
        title: app_commands.Range[str, 1, 100] = "",
        message: str = "",
    ) -> None:
        """Fork the song."""
        await fork_flow.fork_song(self.bot.desk, interaction, channel=channel, title=title, at=message)

    @compare.autocomplete("before")
    @compare.autocomplete("after")
    @fork.autocomplete("message")
    async def complete_state(
        self, interaction: discord.Interaction[TuttiBot], current: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the branches and tags of this song."""
        return await branch_flow.offer_names(self.bot.desk, interaction, current, with_tags=True)


async def setup(bot: TuttiBot) -> None:
    """Load the cog."""
    await bot.add_cog(Song(bot))
