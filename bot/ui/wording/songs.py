"""What messages say of changes to songs that people make together."""

from __future__ import annotations

from bot.services.operations.founding import FoundOptions
from bot.services.operations.layer_building import CopyOptions, JoinOptions, LayerAddOptions
from bot.services.operations.layering import (
    DropOptions,
    GiveOptions,
    LockOptions,
    MixOptions,
    RenameOptions,
    VoiceOptions,
)
from bot.ui.wording.base import Wording


def _found_words(options: FoundOptions) -> list[str]:
    return [options.title] if options.title else []


def _mix_words(options: MixOptions) -> list[str]:
    words = [options.layer]
    if options.mute is not None:
        words.append("muted" if options.mute else "heard again")
    if options.solo is not None:
        words.append("solo" if options.solo else "no longer solo")
    if options.level_db is not None:
        words.append(f"{options.level_db:+.1f} dB")
    if options.pan is not None:
        words.append(f"pan {options.pan:+d}" if options.pan else "in the middle")
    return words


def _lock_words(options: LockOptions) -> list[str]:
    return [options.layer, "locked" if options.is_locked else "unlocked"]


def _rename_words(options: RenameOptions) -> list[str]:
    return [options.layer, f"now “{options.name}”"]


def _give_words(options: GiveOptions) -> list[str]:
    return [options.layer, "by the host" if options.is_by_host else ""]


def _voice_words(options: VoiceOptions) -> list[str]:
    return [options.layer, f"now {options.instrument}"]


def _drop_words(options: DropOptions) -> list[str]:
    return [options.layer]


def _add_words(options: LayerAddOptions) -> list[str]:
    source = f"from #{options.from_revision_id}" if options.from_revision_id else "from a file"
    at = f"from bar {options.at_bar}" if options.at_bar > 1 else ""
    return [part for part in (", ".join(options.tracks), source, at) if part]


def _copy_words(options: CopyOptions) -> list[str]:
    moved = f"{options.transpose_semitones:+d} semitones" if options.transpose_semitones else ""
    return [part for part in (options.layer, moved, options.name) if part]


def _join_words(options: JoinOptions) -> list[str]:
    return [f"{options.second} into {options.first}"]


FOUND = Wording(title="Song begun", at_work="Beginning a song", describe=_found_words)
SONG_WORDINGS = {
    "found": FOUND,
    "mix": Wording(title="Mix", at_work="Mixing", describe=_mix_words),
    "lock": Wording(title="Lock", at_work="Locking", describe=_lock_words),
    "rename": Wording(title="Rename", at_work="Renaming", describe=_rename_words),
    "give": Wording(title="Hand over", at_work="Handing over", describe=_give_words),
    "voice": Wording(title="Instrument", at_work="Changing the instrument", describe=_voice_words),
    "layer-add": Wording(title="Layer added", at_work="Adding layers", describe=_add_words),
    "layer-copy": Wording(title="Layer doubled", at_work="Doubling a layer", describe=_copy_words),
    "layer-join": Wording(title="Layers joined", at_work="Joining layers", describe=_join_words),
    "drop": Wording(title="Layer taken out", at_work="Taking a layer out", describe=_drop_words),
}
