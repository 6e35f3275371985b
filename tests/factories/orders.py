"""Orders for tests, with defaults for all that the test does not care about."""

from bot.services.model import Author, JobOrder, Place
from bot.services.options import GenerateOptions

ADA = Author(user_id=1, name="Ada")
BEN = Author(user_id=2, name="Ben")
MODERATOR = Author(user_id=3, name="Mod", is_moderator=True)
PLACE = Place(guild_id=9, channel_id=55)


def make_order(options=None, *, author=ADA, place=PLACE, source=None, **fields):
    options = options or GenerateOptions(num_bars=2, seed=7)
    return JobOrder(author=author, place=place, options=options, source=source, reply_token="token", **fields)
