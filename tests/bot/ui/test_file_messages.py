"""``bot/ui/file_messages.py``: the first message is the acknowledgement, others follow once, and the text always arrives."""

from __future__ import annotations

from dataclasses import replace

from bot.services.model import File, FileBundle
from bot.services.operations.exporting import ExportOptions
from bot.ui.courier import MessageTooLargeError
from bot.ui.presenter import DiscordPresenter
from core.errors import NotFoundError
from tests.bot.ui.test_presenter import RUNNING, Line
from tests.factories.shown import REPLY

EXPORTING = replace(RUNNING, kind="export", operation="export", options=ExportOptions())


def bundle_of(*names: str) -> FileBundle:
    """One file a message, each larger than the one before."""
    messages = tuple((File(filename=name, data=b"x" * (index + 1)),) for index, name in enumerate(names))
    return FileBundle(revision=REPLY.revision, messages=messages, alt_texts={}, remarks=("Split into archives.",))


async def test_archives_follow_each_other_and_a_repeat_uses_the_same_nonces():
    line = Line()
    presenter = DiscordPresenter(line)
    for _ in range(2):  # the bot died before it noted that all had arrived
        await presenter.show_files(EXPORTING, bundle_of("a-1-of-3.zip", "a-2-of-3.zip", "a-3-of-3.zip"))
    assert line.files == [["a-1-of-3.zip"], ["a-1-of-3.zip"]]
    assert "Export, 1 of 3" in line.edits[0]
    assert "Split into archives." in line.edits[0]
    assert line.posts == ["Export, 2 of 3", "Export, 3 of 3"] * 2
    assert line.nonces[:2] == line.nonces[2:]
    assert len(set(line.nonces)) == 2


async def test_a_file_that_discord_refuses_is_named_and_the_text_arrives():
    line = Line()
    line.troubles = [MessageTooLargeError()]
    files = (File(filename="score.pdf", data=b"x" * 9), File(filename="score.png", data=b"x"))
    await DiscordPresenter(line).show_files(EXPORTING, replace(bundle_of("a"), messages=(files,)))
    assert line.files == [["score.png"]]
    assert "left out: score.pdf" in line.edits[0].replace("\\", "")


async def test_files_whose_acknowledgement_is_gone_are_posted():
    line = Line()
    line.troubles = [NotFoundError(what="message")]
    await DiscordPresenter(line).show_files(EXPORTING, bundle_of("a.zip"))
    assert line.posts == ["Export"]
