"""Discord's rules for what a message may hold: lengths of text and embeds, numbers of files, mentions.

Works on JSON as a bot sends it; components are checked in `component_rules.py`, permissions in `messages.py`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.errors import RefusedError, bad_form, too_long

MAX_CONTENT_LENGTH = 2000
MAX_FILES = 10
MAX_EMBEDS = 10
MAX_EMBED_LENGTH = 6000
MAX_FIELDS = 25
MAX_ALT_TEXT = 1024
MAX_NONCE_LENGTH = 25
_USER_MENTION = re.compile(r"<@!?(\d+)>")
_ROLE_MENTION = re.compile(r"<@&(\d+)>")

Json = dict[str, Any]


def check_content(content: Any) -> str:
    """Return the text of a message, none as empty. Raises: RefusedError when too long."""
    if content is None:
        return ""
    if not isinstance(content, str):
        raise bad_form(["content"], "Only text is allowed here.")
    if len(content) > MAX_CONTENT_LENGTH:
        raise too_long(["content"], MAX_CONTENT_LENGTH)
    return content.strip()


def check_embeds(embeds: Any, *, filenames: Iterable[str]) -> list[Json]:
    """Return the embeds as Discord keeps them. Raises: RefusedError when one breaks a limit."""
    if embeds is None:
        return []
    if not isinstance(embeds, list):
        raise bad_form(["embeds"], "Only iterables may be used in a ListType")
    if len(embeds) > MAX_EMBEDS:
        raise bad_form(["embeds"], f"Must be {MAX_EMBEDS} or fewer in length.", "BASE_TYPE_MAX_LENGTH")
    names = set(filenames)
    total = 0
    for index, embed in enumerate(embeds):
        total += _check_embed(embed, index, names)
    if total > MAX_EMBED_LENGTH:
        raise bad_form(["embeds"], f"Embed size exceeds maximum size of {MAX_EMBED_LENGTH}", "MAX_EMBED_SIZE_EXCEEDED")
    return [{**embed, "type": "rich"} for embed in embeds]


def _check_embed(embed: Any, index: int, filenames: set[str]) -> int:
    if not isinstance(embed, dict):
        raise bad_form(["embeds", index], "Only dictionaries may be used in a DictType", "DICT_TYPE_CONVERT")
    texts: list[tuple[list[str | int], Any, int]] = [
        (["title"], embed.get("title"), 256),
        (["description"], embed.get("description"), 4096),
        (["footer", "text"], (embed.get("footer") or {}).get("text"), 2048),
        (["author", "name"], (embed.get("author") or {}).get("name"), 256),
    ]
    fields = embed.get("fields") or []
    if len(fields) > MAX_FIELDS:
        raise too_long(["embeds", index, "fields"], MAX_FIELDS)
    for number, entry in enumerate(fields):
        for key, limit in (("name", 256), ("value", 1024)):
            if not str(entry.get(key) or "").strip():
                path = ["embeds", index, "fields", number, key]
                raise bad_form(path, "This field is required", "BASE_TYPE_REQUIRED")
            texts.append((["fields", number, key], entry[key], limit))

    total = 0
    for path, text, limit in texts:
        if text is None:
            continue
        if len(text) > limit:
            raise too_long(["embeds", index, *path], limit)
        total += len(text)
    _check_embed_links(embed, index, filenames)
    return total


def _check_embed_links(embed: Json, index: int, filenames: set[str]) -> None:
    links = {
        ("url",): embed.get("url"),
        ("image", "url"): (embed.get("image") or {}).get("url"),
        ("thumbnail", "url"): (embed.get("thumbnail") or {}).get("url"),
        ("author", "icon_url"): (embed.get("author") or {}).get("icon_url"),
        ("footer", "icon_url"): (embed.get("footer") or {}).get("icon_url"),
    }
    for path, link in links.items():
        if link is None:
            continue
        if link.startswith("attachment://") and path != ("url",):
            if link.removeprefix("attachment://") not in filenames:
                raise bad_form(["embeds", index, *path], "The attachment of this name is not in the message.")
        elif not link.startswith(("http://", "https://")):
            text = f"Scheme \"{link.split(':', 1)[0]}\" is not supported. Scheme must be one of ('http', 'https')."
            raise bad_form(["embeds", index, *path], text, "URL_TYPE_INVALID_SCHEME")


def check_facts(listed: Iterable[Json]) -> None:
    """Raises: RefusedError when an attachment's description, its alt text, is too long."""
    for index, entry in enumerate(listed):
        if len(entry.get("description") or "") > MAX_ALT_TEXT:
            raise too_long(["attachments", index, "description"], MAX_ALT_TEXT)


def check_nonce(nonce: Any) -> Any:
    """Return a nonce, or none. Raises: RefusedError for a text that is too long."""
    if nonce is not None and len(str(nonce)) > MAX_NONCE_LENGTH:
        raise too_long(["nonce"], MAX_NONCE_LENGTH)
    return nonce


def check_num_files(num_files: int) -> None:
    """Raises: RefusedError when a message would hold more than ten files."""
    if num_files > MAX_FILES:
        raise RefusedError(400, 30015, f"Maximum number of attachments in a message reached ({MAX_FILES})")


def find_mentions(
    content: str, allowed: Mapping[str, Any] | None, *, may_mention_everyone: bool, replied_user_id: str | None
) -> tuple[list[str], bool]:
    """Return (ids of users that are mentioned, whether everyone is) after `allowed_mentions`."""
    parse = ["users", "roles", "everyone"] if allowed is None else allowed.get("parse") or []
    found = list(dict.fromkeys(_USER_MENTION.findall(content)))
    if "users" not in parse:
        listed = {str(user_id) for user_id in (allowed or {}).get("users") or []}
        found = [user_id for user_id in found if user_id in listed]
    mentions_reply = allowed is None or bool(allowed.get("replied_user"))
    if replied_user_id and mentions_reply and replied_user_id not in found:
        found.append(replied_user_id)
    says_everyone = "@everyone" in content or "@here" in content
    return found, says_everyone and "everyone" in parse and may_mention_everyone


def find_role_mentions(content: str, allowed: Mapping[str, Any] | None, *, mentionable_ids: Iterable[str]) -> list[str]:
    """Return the ids of roles that are mentioned after `allowed_mentions`, of those that the author may mention."""
    parse = ["roles"] if allowed is None else allowed.get("parse") or []
    found = [role_id for role_id in dict.fromkeys(_ROLE_MENTION.findall(content)) if role_id in set(mentionable_ids)]
    if "roles" in parse:
        return found
    listed = {str(role_id) for role_id in (allowed or {}).get("roles") or []}
    return [role_id for role_id in found if role_id in listed]
