"""Discord's rules for components: rows, buttons, selects, components V2, and the forms that modals show.

Works on JSON as a bot sends it and returns it as Discord keeps it, with every component numbered.
"""

from collections.abc import Iterator
from typing import Any

from sandbox.emoji import is_emoji
from sandbox.errors import RefusedError, bad_form, too_long

ACTION_ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS = (3, 5, 6, 7, 8)
SECTION, TEXT_DISPLAY, THUMBNAIL, MEDIA_GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
LABEL, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 18, 19, 21, 22, 23
LINK_STYLE, PREMIUM_STYLE = 5, 6

MAX_ROWS = 5
MAX_BUTTONS_IN_ROW = 5
MAX_CUSTOM_ID_LENGTH = 100
MAX_COMPONENTS_V2 = 40
MAX_TEXT_V2 = 4000
_V2_TOP_LEVEL = (ACTION_ROW, SECTION, TEXT_DISPLAY, MEDIA_GALLERY, FILE, SEPARATOR, CONTAINER)
_IN_LABEL = (*SELECTS, TEXT_INPUT, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX)

Json = dict[str, Any]
Path = list[str | int]


def walk(components: list[Json]) -> Iterator[Json]:
    """Yield every component of a tree, parents first."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for key in ("accessory", "component"):
            if isinstance(component.get(key), dict):
                yield from walk([component[key]])


def find_component(components: list[Json], custom_id: str) -> Json | None:
    """Return the component of this custom id."""
    return next((each for each in walk(components) if each.get("custom_id") == custom_id), None)


def check_message_components(components: Any, *, is_v2: bool, filenames: set[str]) -> list[Json]:
    """Return a message's components, numbered. Raises: RefusedError when they break a rule."""
    if components is None:
        return []
    _check_list(components, ["components"])
    if not is_v2 and len(components) > MAX_ROWS:
        raise bad_form(["components"], "Must be between 1 and 5 in length.", "BASE_TYPE_BAD_LENGTH")
    for index, component in enumerate(components):
        path: Path = ["components", index]
        allowed = _V2_TOP_LEVEL if is_v2 else (ACTION_ROW,)
        _check_type(component, allowed, path)
        _check_node(component, path, filenames)
    if is_v2:
        _check_v2_totals(components)
    _check_custom_ids(components)
    return _number(components)


def check_modal(data: Json) -> Json:
    """Return a modal as the client is to show it. Raises: RefusedError when it breaks a rule."""
    title, custom_id = str(data.get("title") or ""), str(data.get("custom_id") or "")
    _check_length(title, ["data", "title"], shortest=1, longest=45)
    _check_length(custom_id, ["data", "custom_id"], shortest=1, longest=MAX_CUSTOM_ID_LENGTH)
    components = data.get("components")
    _check_list(components, ["data", "components"])
    assert isinstance(components, list)
    if not 1 <= len(components) <= MAX_ROWS:
        raise bad_form(["data", "components"], "Must be between 1 and 5 in length.", "BASE_TYPE_BAD_LENGTH")
    for index, component in enumerate(components):
        path: Path = ["data", "components", index]
        _check_type(component, (ACTION_ROW, LABEL, TEXT_DISPLAY), path)
        if component["type"] == LABEL:
            _check_length(component.get("label"), [*path, "label"], shortest=1, longest=45)
            _check_length(component.get("description"), [*path, "description"], longest=100)
            _check_type(component.get("component"), _IN_LABEL, [*path, "component"])
            _check_leaf(component["component"], [*path, "component"])
        elif component["type"] == ACTION_ROW:
            children = component.get("components") or []
            _check_length(children, [*path, "components"], shortest=1, longest=1)
            _check_type(children[0], (TEXT_INPUT,), path)
            _check_length(children[0].get("label"), [*path, "components", 0, "label"], shortest=1, longest=45)
            _check_leaf(children[0], path)
    _check_custom_ids(components)
    return {"title": title, "custom_id": custom_id, "components": _number(components)}


def _check_list(components: Any, path: Path) -> None:
    if not isinstance(components, list):
        raise bad_form(path, "Only iterables may be used in a ListType", "LIST_TYPE_CONVERT")


def _check_type(component: Any, allowed: tuple[int, ...], path: Path) -> None:
    if not isinstance(component, dict) or component.get("type") not in allowed:
        text = f'Value of field "type" must be one of {allowed}.'
        raise bad_form([*path, "type"], text, "BASE_TYPE_CHOICES")


def _check_length(text: Any, path: Path, *, longest: int, shortest: int = 0) -> None:
    length = len(text or "")
    if not shortest <= length <= longest:
        raise bad_form(path, f"Must be between {shortest} and {longest} in length.", "BASE_TYPE_BAD_LENGTH")


def _check_node(component: Json, path: Path, filenames: set[str]) -> None:
    kind = component["type"]
    if kind == ACTION_ROW:
        _check_row(component, path)
    elif kind == CONTAINER:
        _check_container(component, path, filenames)
    elif kind == SECTION:
        _check_section(component, path, filenames)
    elif kind == BUTTON:
        _check_leaf(component, path)
    elif kind == TEXT_DISPLAY:
        _check_length(component.get("content"), [*path, "content"], shortest=1, longest=MAX_TEXT_V2)
    elif kind == MEDIA_GALLERY:
        _check_length(component.get("items"), [*path, "items"], shortest=1, longest=10)
    for media in _media_of(component):
        url = str(media.get("url") or "")
        if url.startswith("attachment://") and url.removeprefix("attachment://") not in filenames:
            raise bad_form(path, "The attachment of this name is not in the message.", "UNFURLED_MEDIA_ITEM_REFERENCED")


def _check_container(container: Json, path: Path, filenames: set[str]) -> None:
    for index, child in enumerate(container.get("components") or []):
        child_path: Path = [*path, "components", index]
        _check_type(child, (ACTION_ROW, SECTION, TEXT_DISPLAY, MEDIA_GALLERY, FILE, SEPARATOR), child_path)
        _check_node(child, child_path, filenames)


def _check_section(section: Json, path: Path, filenames: set[str]) -> None:
    texts = section.get("components") or []
    _check_length(texts, [*path, "components"], shortest=1, longest=3)
    for index, text in enumerate(texts):
        text_path: Path = [*path, "components", index]
        _check_type(text, (TEXT_DISPLAY,), text_path)
        _check_node(text, text_path, filenames)
    _check_type(section.get("accessory"), (BUTTON, THUMBNAIL), [*path, "accessory"])
    _check_node(section["accessory"], [*path, "accessory"], filenames)


def _media_of(component: Json) -> list[Json]:
    if component["type"] == FILE:
        return [component.get("file") or {}]
    if component["type"] == THUMBNAIL:
        return [component.get("media") or {}]
    if component["type"] == MEDIA_GALLERY:
        return [item.get("media") or {} for item in component.get("items") or []]
    return []


def _check_row(row: Json, path: Path) -> None:
    children = row.get("components") or []
    has_select = any(isinstance(child, dict) and child.get("type") in SELECTS for child in children)
    most = 1 if has_select else MAX_BUTTONS_IN_ROW
    if not 1 <= len(children) <= most:
        raise bad_form([*path, "components"], f"Must be between 1 and {most} in length.", "BASE_TYPE_BAD_LENGTH")
    for index, child in enumerate(children):
        child_path: Path = [*path, "components", index]
        _check_type(child, (BUTTON, *SELECTS), child_path)
        _check_leaf(child, child_path)


def _check_leaf(component: Json, path: Path) -> None:
    kind = component["type"]
    if kind == BUTTON:
        _check_button(component, path)
        return
    custom_id_path: Path = [*path, "custom_id"]
    _check_length(component.get("custom_id"), custom_id_path, shortest=1, longest=MAX_CUSTOM_ID_LENGTH)
    if kind in SELECTS:
        _check_length(component.get("placeholder"), [*path, "placeholder"], longest=150)
    if kind in (STRING_SELECT, RADIO_GROUP, CHECKBOX_GROUP):
        _check_options(component, path, most=25 if kind == STRING_SELECT else 10)
    if kind == TEXT_INPUT:
        _check_length(component.get("placeholder"), [*path, "placeholder"], longest=100)
        _check_length(component.get("value"), [*path, "value"], longest=component.get("max_length") or 4000)


def _check_button(button: Json, path: Path) -> None:
    style = button.get("style")
    if style not in range(1, 7):
        raise bad_form([*path, "style"], "This field is required", "BASE_TYPE_REQUIRED")
    _check_length(button.get("label"), [*path, "label"], longest=80)
    _check_emoji(button.get("emoji"), [*path, "emoji"])
    if style == LINK_STYLE:
        if not str(button.get("url") or "").startswith(("http://", "https://", "discord://")):
            raise bad_form([*path, "url"], "Not a well formed URL.", "URL_TYPE_INVALID_URL")
        if button.get("custom_id"):
            raise bad_form(path, "A link button has no custom id.", "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE")
    elif style != PREMIUM_STYLE:
        _check_length(button.get("custom_id"), [*path, "custom_id"], shortest=1, longest=MAX_CUSTOM_ID_LENGTH)
        if not button.get("label") and not button.get("emoji"):
            raise bad_form(path, "A button needs a label or an emoji.", "BUTTON_COMPONENT_INVALID_LABEL")


def _check_options(component: Json, path: Path, *, most: int) -> None:
    options = component.get("options") or []
    if not 1 <= len(options) <= most:
        raise bad_form([*path, "options"], f"Must be between 1 and {most} in length.", "BASE_TYPE_BAD_LENGTH")
    values = [str(option.get("value") or "") for option in options]
    if len(set(values)) != len(values):
        raise bad_form(
            [*path, "options"], "The specified option value is already used", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"
        )
    for index, option in enumerate(options):
        for key, shortest in (("label", 1), ("value", 1), ("description", 0)):
            _check_length(option.get(key), [*path, "options", index, key], shortest=shortest, longest=100)
        _check_emoji(option.get("emoji"), [*path, "options", index, "emoji"])


def _check_emoji(emoji: Json | None, path: Path) -> None:
    if emoji and not emoji.get("id") and not is_emoji(str(emoji.get("name") or "")):
        raise bad_form([*path, "name"], "Invalid emoji", "COMPONENT_INVALID_EMOJI")


def _check_v2_totals(components: list[Json]) -> None:
    everything = list(walk(components))
    if len(everything) > MAX_COMPONENTS_V2:
        raise too_long(["components"], MAX_COMPONENTS_V2)
    if sum(len(each.get("content") or "") for each in everything if each["type"] == TEXT_DISPLAY) > MAX_TEXT_V2:
        raise RefusedError(400, 50035, f"Displayable text exceeds maximum size of {MAX_TEXT_V2}")


def _check_custom_ids(components: list[Json]) -> None:
    custom_ids = [each["custom_id"] for each in walk(components) if each.get("custom_id")]
    for custom_id in custom_ids:
        if custom_ids.count(custom_id) > 1:
            text = "Component custom id cannot be duplicated"
            raise bad_form(["components"], text, "COMPONENT_CUSTOM_ID_DUPLICATED")


def _number(components: list[Json]) -> list[Json]:
    everything = list(walk(components))
    used = {each["id"] for each in everything if each.get("id")}
    next_number = 1
    for component in everything:
        for key in [key for key, value in component.items() if value is None]:
            del component[key]  # clients send null for what they leave to Discord
        if component.get("id"):
            continue
        while next_number in used:
            next_number += 1
        component["id"] = next_number
        used.add(next_number)
    return components
