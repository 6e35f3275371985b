"""Tests for soak/long/wishes.py."""

import random

from soak.commands.tab import Attached
from soak.commands.wishes import Places
from soak.long.wishes import Files, bad_files, draw


def test_people_send_everything():
    """A thousand draws hold every kind of command, with files where they belong, in songs where they belong."""
    piece = Attached(filename="a.mid", data=b"MThd" + bytes(100))
    files = Files(pieces=(piece,), sopranos=(piece,), bad=bad_files(piece))
    places = Places(channels=["1"], threads=["2"], bot_id="3")
    dice = random.Random(1)
    entries = [{"value": name} for name in ("score", "edit", "delete")]
    menu = {"type": 3, "custom_id": "tutti:more:1", "options": entries}
    result = {"id": "7", "channel_id": "1", "components": [{"components": [menu]}]}
    somebody = type("Somebody", (), {"results": [result]})()
    wishes = [draw(dice, places, somebody, files) for _ in range(1000)]
    names = {wish.name for wish in wishes}
    assert {"generate", "harmonize file", "remix", "song graph", "vote start", "export", "bad file"} <= names
    assert {"mydata export", "history", "layer mix", "compose", "mention"} <= names
    assert all(wish.files for wish in wishes if wish.name.endswith(" file"))
    menus = [wish for wish in wishes if wish.name == "menu"]
    assert {wish.body["values"][0] for wish in menus} == {"score", "edit"}
    assert {wish.channel_id for wish in wishes if wish.name.startswith("vote")} == {"2"}
