"""Which files of a message a place takes, reckoned before anything is sent. It knows no Discord and opens no file.

Discord counted all files of a request together until 2025 and counts each for itself since; what keeps the first rule keeps
both, so the sum is reckoned here. What is kept first: the notes, then what is heard of them, papers, pictures, and what was
before an edit last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

MIN_SOUND_BYTES = 16 * 1024
"""A smaller sound is over before it says anything."""

_MOST_OVERHEAD_BYTES = 64 * 1024
_OVERHEAD_SHARE = 8  # of a small place, one part in so many
_NOTES = (".mid",)
_SOUNDS = (".ogg", ".mp3", ".wav", ".flac")
_PICTURES = (".png",)
_BEFORE, _AFTER = "-before", "-after"


class Sized(Protocol):
    """A file with a name."""

    @property
    def filename(self) -> str:
        """The name, with its suffix."""
        ...

    @property
    def data(self) -> bytes:
        """All of it."""
        ...


_F = TypeVar("_F", bound=Sized)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted(Generic[_F]):
    """The files that go into a message, and those that do not, each in the order in which they were given."""

    kept: tuple[_F, ...]
    left_out: tuple[_F, ...] = ()

    def without_largest(self) -> Fitted[_F]:
        """Return the same without the largest file that is kept, the notes last: for a place that takes less than it said.

        Raises:
            ValueError: when nothing is kept.
        """
        heaviest = max(self.kept, key=lambda file: (not file.filename.endswith(_NOTES), len(file.data)))
        return Fitted(
            kept=tuple(each for each in self.kept if each is not heaviest), left_out=(*self.left_out, heaviest)
        )


def room_bytes(size_limit_bytes: int) -> int:
    """Return what files may be made to fill of a message: text, borders and what is around files take the rest."""
    return max(size_limit_bytes - min(_MOST_OVERHEAD_BYTES, size_limit_bytes // _OVERHEAD_SHARE), 1)


def room_for_sounds(files: Sequence[_F | None], *, size_limit_bytes: int, num_sounds: int = 1) -> int:
    """Return what ``num_sounds`` sounds together may fill beside other files, and less than they need where there is no room.

    Only files that will be kept count. Pictures that would leave sounds too little, which they would have without, do not:
    they go first.
    """
    others = fit_files([file for file in files if file is not None], size_limit_bytes=size_limit_bytes).kept
    room, least_bytes = room_bytes(size_limit_bytes), num_sounds * MIN_SOUND_BYTES
    beside_all = room - num_bytes(others)
    beside_papers = room - num_bytes(file for file in others if not is_picture(file))
    return beside_papers if beside_all < least_bytes <= beside_papers else beside_all


def num_bytes(files: Iterable[Sized]) -> int:
    """Return how large files are together."""
    return sum(len(file.data) for file in files)


def fit_files(files: Sequence[_F], *, size_limit_bytes: int) -> Fitted[_F]:
    """Return the files that together are at most ``size_limit_bytes``; one that is too large makes no smaller one go."""
    kept: list[_F] = []
    left_bytes = size_limit_bytes
    for file in sorted(files, key=_rank):
        if len(file.data) <= left_bytes and not _is_alone(file, files, kept):
            kept.append(file)
            left_bytes -= len(file.data)
    chosen = {id(file) for file in kept}
    return Fitted(
        kept=tuple(file for file in files if id(file) in chosen),
        left_out=tuple(file for file in files if id(file) not in chosen),
    )


def left_out_words(fitted: Fitted[_F]) -> str:
    """Return what people read of the files that were left out, and how they come by them; empty when all are there."""
    if not fitted.left_out:
        return ""
    names = ", ".join(file.filename for file in fitted.left_out)
    said = f"Too large for this place, so left out: {names}."
    if any(file.filename.endswith(_NOTES) for file in fitted.kept):
        return f"{said} The MIDI file holds all the notes: with it attached, /export and /score work wherever more is taken."
    return f"{said} /export and /score make files one at a time; MIDI and MusicXML are the smallest."


def is_picture(file: Sized) -> bool:
    """Tell whether a file is to be looked at, so that words can stand for it."""
    return file.filename.endswith(_PICTURES)


def _is_alone(file: _F, files: Sequence[_F], kept: Sequence[_F]) -> bool:
    """Tell whether a sound from before an edit has lost the one from after it, without which it tells nothing."""
    stem = _stem(file)
    if not stem.endswith(_BEFORE):
        return False
    after = stem.removesuffix(_BEFORE) + _AFTER
    return any(_stem(each) == after for each in files) and not any(_stem(each) == after for each in kept)


def _rank(file: Sized) -> int:
    if _stem(file).endswith(_BEFORE):
        return 4
    if file.filename.endswith(_NOTES):
        return 0
    if file.filename.endswith(_SOUNDS):
        return 1
    return 3 if is_picture(file) else 2


def _stem(file: Sized) -> str:
    return file.filename.rpartition(".")[0]
