"""Which texts are emoji to Discord: one picture sign of Unicode, with its joiners, skin tones and variants.

Dingbats such as a check mark or a star that are no emoji are refused, as Discord refuses them.
"""

# Characters of the property Emoji in Unicode's emoji-data.txt below U+10000; letters and digits count only as keycaps.
_SINGLE = (
    "\u203c\u2049\u2122\u2139\u2328\u23cf\u24c2\u25b6\u25c0\u260e\u2611\u2618\u261d\u2620\u2626\u262a\u2640\u2642\u2663"
    "\u2668\u267b\u2699\u26a7\u26c8\u26d1\u26fd\u2702\u2705\u270f\u2712\u2714\u2716\u271d\u2721\u2728\u2744\u2747\u274c"
    "\u274e\u2757\u27a1\u27b0\u27bf\u2b50\u2b55\u3030\u303d\u3297\u3299\u00a9\u00ae"
)
_RANGES = (
    (0x2194, 0x2199),
    (0x21A9, 0x21AA),
    (0x231A, 0x231B),
    (0x23E9, 0x23F3),
    (0x23F8, 0x23FA),
    (0x25AA, 0x25AB),
    (0x25FB, 0x25FE),
    (0x2600, 0x2604),
    (0x2614, 0x2615),
    (0x2622, 0x2623),
    (0x262E, 0x262F),
    (0x2638, 0x263A),
    (0x2648, 0x2653),
    (0x265F, 0x2660),
    (0x2665, 0x2666),
    (0x267E, 0x267F),
    (0x2692, 0x2697),
    (0x269B, 0x269C),
    (0x26A0, 0x26A1),
    (0x26AA, 0x26AB),
    (0x26B0, 0x26B1),
    (0x26BD, 0x26BE),
    (0x26C4, 0x26C5),
    (0x26CE, 0x26CF),
    (0x26D3, 0x26D4),
    (0x26E9, 0x26EA),
    (0x26F0, 0x26F5),
    (0x26F7, 0x26FA),
    (0x2708, 0x270D),
    (0x2733, 0x2734),
    (0x2753, 0x2755),
    (0x2763, 0x2764),
    (0x2795, 0x2797),
    (0x2934, 0x2935),
    (0x2B05, 0x2B07),
    (0x2B1B, 0x2B1C),
    (0x1F004, 0x1F004),
    (0x1F0CF, 0x1F0CF),
    (0x1F170, 0x1F251),
    (0x1F300, 0x1FAFF),
)
_MAX_LENGTH = 16
_JOINERS = "\u200d\ufe0f\u20e3"
_TAGS = range(0xE0020, 0xE0080)


def is_emoji(text: str) -> bool:
    """Tell whether a text is one emoji, as far as its characters tell."""
    kept = [letter for letter in text if letter not in _JOINERS and ord(letter) not in _TAGS]
    if not kept or len(text) > _MAX_LENGTH:
        return False
    if "\u20e3" in text:
        return len(kept) == 1 and kept[0] in "0123456789#*"
    return all(_is_picture(letter) for letter in kept)


def _is_picture(letter: str) -> bool:
    return letter in _SINGLE or any(first <= ord(letter) <= last for first, last in _RANGES)
