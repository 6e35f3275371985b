"""What messages say of who wrote a song: nothing that people typed does anything in them, and nothing is endless."""

from bot.services.together.credits.sheet import CreditSheet, Source, WhoWrote
from bot.ui.together.credit_flow import credits_embed, who_embed
from music.versions.blame import Blame, Credit, Share
from music.versions.layered import Layer

BASS = Layer(layer_id="b", name="Bass *@everyone*", owner_id=1)
ADA = Source(origin=12, person="Ada_x_", person_id=1)


def sheet(num_people=1):
    rows = tuple(
        (
            Source(origin=number, person=f"P{number}", person_id=number),
            Credit(origin=number, num_notes=2, by_layer=(("b", 2),)),
        )
        for number in range(1, num_people + 1)
    )
    return CreditSheet(
        title="Our *song*",
        licence="Ask first.",
        host="Ada_x_",
        revision_id=40,
        num_notes=2 * num_people,
        credits=rows,
        layer_names={"b": "Bass"},
        forked_from=("Old", "Ben"),
    )


def test_who_names_bars_revisions_and_people():
    """A line a run, names escaped; what is not known any more is said."""
    blame = Blame(layer=BASS, start_bar=8, stop_bar=9, shares=(Share(12, 5), Share(31, 2)))
    found = WhoWrote(title="Ours", revision_id=40, blames=(blame,), sources={12: ADA, 31: Source(origin=31)})
    text = who_embed(found).description
    assert "bar 9: 5 notes of #12 by Ada\\_x\\_ (made in a way that is not known any more), 2 notes of #31" in text
    assert "@everyone" not in text


def test_many_runs_and_shares_are_cut():
    """A song of a hundred hands fits in one message, and says what is left out."""
    shares = tuple(Share(number, 1) for number in range(1, 9))
    blames = tuple(Blame(layer=BASS, start_bar=bar, stop_bar=bar + 1, shares=shares) for bar in range(50))
    sources = {number: Source(origin=number, person="Ada" * 30) for number in range(1, 9)}
    text = who_embed(WhoWrote(title="Ours", revision_id=40, blames=blames, sources=sources)).description
    assert len(text) <= 4096
    assert "4 notes of others" in text
    nothing = who_embed(WhoWrote(title="Ours", revision_id=40, blames=(), sources={})).description
    assert nothing == "There are no notes."


def test_credits_name_people_licence_and_fork():
    """The file has all; the message the first thirty."""
    embed = credits_embed(sheet(40))
    assert embed.title == "Credits of “Our \\*song\\*”, #40"
    assert "P1: 2 notes" in embed.description
    assert "and 10 more, in the file" in embed.description
    assert {field.name: field.value for field in embed.fields} == {
        "Notes": "80",
        "Host": "Ada\\_x\\_",
        "Licence": "Ask first.",
        "Fork of": "“Old” of Ben",
    }
