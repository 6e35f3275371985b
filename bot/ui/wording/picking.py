"""What messages say while a picked take is fetched. The reply is the take's own, so no title is ever shown."""

from __future__ import annotations

from bot.services.operations.picking import PickOptions
from bot.ui.wording.base import Wording


def _words(_options: PickOptions) -> list[str]:
    return ["one of several takes"]


PICK = Wording(title="Picked take", at_work="Fetching the take", describe=_words)
