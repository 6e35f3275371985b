"""Everything that can be pressed, chosen or sent in, one by one: a new kind of button or form without an example here fails a test."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping

import bot.ui
from bot.services.house.permissions import GROUPS
from bot.ui.actions import ACTIONS
from bot.ui.carried import FORM_IDS, kinds_of_items
from bot.ui.compose_card import PLAN_ACTIONS
from bot.ui.edit_forms import FORMS
from bot.ui.settings_panel import PAGES
from bot.ui.take_actions import TAKE_ACTIONS
from tests.factories.pressing import PERSON_ID, ROLE_SELECT, SELECT, Pressed


def _buttons(*custom_ids: str) -> list[Pressed]:
    return [Pressed(custom_id=custom_id) for custom_id in custom_ids]


def _menu(custom_id: str, *values: str) -> list[Pressed]:
    return [Pressed(custom_id=custom_id, kind=SELECT, values=(value,)) for value in values]


def _forms(*custom_ids: str) -> list[Pressed]:
    return [Pressed(custom_id=custom_id, is_form=True) for custom_id in custom_ids]


OF_ITEMS: Mapping[str, list[Pressed]] = {
    "BallotButton": _buttons("tutti:ballot:1:0"),
    "CancelButton": _buttons("tutti:cancel:1"),
    "CommentButton": _buttons("tutti:comment-resolve:1", "tutti:comment-reopen:1"),
    "DeleteNewestButton": _buttons("tutti:delete:mine:1-7"),
    "EraseButton": _buttons(f"tutti:mydata:erase:{PERSON_ID}"),
    "LateButton": _buttons(*(f"tutti:late:{action}:1" for action in ("rebase", "branch", "leave"))),
    "LookButton": _buttons("tutti:look:t-0:::::"),
    "MergeButton": _buttons("tutti:merge:1:0123456789:ours", "tutti:merge:1:rest:theirs", "tutti:merge:1:drop:all"),
    "MergeWinnerButton": _buttons("tutti:merge-winner:1"),
    "MoreMenu": _menu("tutti:more:1", *(name for name, action in ACTIONS.items() if not action.is_primary)),
    "PlanButton": _buttons(*(f"tutti:compose:{action}:1" for action in PLAN_ACTIONS)),
    "RevisionButton": _buttons(*(f"tutti:{action}:1" for action in ACTIONS)),
    "SettingMenu": [
        *_menu("tutti:settings:set:genre", "jazz"),
        *(Pressed(custom_id=f"tutti:settings:set:{group}", kind=ROLE_SELECT, values=("42",)) for group in GROUPS),
    ],
    "SettingsButton": _buttons(f"tutti:settings:to:{next(iter(PAGES))}"),
    "SongMenu": _menu("tutti:songs", "1"),
    "StageButton": _buttons(*(f"tutti:stage:{action}:1" for action in ("next", "redo", "edit"))),
    "TakeButton": _buttons(*(f"tutti:{action}:1of2:1" for action in TAKE_ACTIONS)),
    "TutorialButton": _buttons(*(f"tutti:tutorial:{step}" for step in ("generate", "remix", "explain"))),
    "TuneMenu": _menu("tutti:tutorial:tune", "0"),
}
OF_FORMS: Mapping[str, list[Pressed]] = {
    "branch-form": _forms("tutti:branch-form:1"),
    "comment-form": _forms("tutti:comment-form:1"),
    "compose-form": _forms("tutti:compose-form:draft:1", "tutti:compose-form:stage:1"),
    "edit-form": _forms("tutti:edit-form:1"),
    "form": _forms(*(f"tutti:form:{name}:1" for name in FORMS)),
}


def every_press() -> Iterator[Pressed]:
    """Return an example of each thing that each kind can do."""
    for examples in (*OF_ITEMS.values(), *OF_FORMS.values()):
        yield from examples


def kinds_without_example() -> set[str]:
    """Return what was defined and nobody presses here."""
    for module in pkgutil.walk_packages(bot.ui.__path__, "bot.ui."):
        importlib.import_module(module.name)
    return ({kind.__name__ for kind in kinds_of_items()} ^ set(OF_ITEMS)) | (set(FORM_IDS) ^ set(OF_FORMS))
