"""What comes through pipes and out of the database: stored pieces, messages of workers and media children, recipes, reply tokens.

The first byte of an input says which decoder gets the rest. msgspec, which decodes, is C and gives no coverage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from bot.services.exports.recipes import find_recipe, parse_recipe
from core.errors import TuttiError
from fuzzing.target import Target
from fuzzing.verdicts import BrokenPromiseError
from inference.protocol import (
    Cancel,
    Controls,
    Failure,
    GenerateRequest,
    Heartbeat,
    Progress,
    Ready,
    Result,
    decode_from_worker,
    decode_setup,
    decode_to_worker,
    encode_message,
)
from media.client import read_answer
from media.protocol import MediaFailure, MediaRequest, PieceRead, ReadUpload, UploadLimits, WriteMIDI
from music.codec import decode_piece, encode_piece
from music.constraints import Constraints
from music.midi import drop_credit_lines, write_midi
from tests.factories.pieces import make_band, make_melody

_MAX_BYTES = 4000
_request_decoder = msgspec.msgpack.Decoder(MediaRequest)


_VALUE_ERRORS = ("piece", "media-request")
"""The codec of pieces declares it; a request to a media child is ours, and nonsense ends the child, which is what children are for."""


def run(data: bytes) -> str:
    """Decode a frame; nonsense must be refused with the decoder's declared error, and what is taken must encode to itself."""
    if not data:
        return "nothing"
    name, decode, encode = DECODERS[data[0] % len(DECODERS)]
    try:
        value = decode(data[1:])
    except (msgspec.MsgspecError, TuttiError):
        return "refused"
    except ValueError:
        if name in _VALUE_ERRORS:
            return "refused"
        raise
    if encode is not None and decode(encode(value)) != value and value == value:  # noqa: PLR0124 - not a number is never itself
        raise BrokenPromiseError(f"{name} is not itself after a way through its own bytes")
    return name


def _decode_recipe(data: bytes) -> object:
    return parse_recipe(data.decode("utf-8", errors="replace"))


def _decode_file(data: bytes) -> object:
    drop_credit_lines(data)
    return find_recipe(data)


DECODERS: tuple[tuple[str, Callable[[bytes], object], Callable[[object], bytes] | None], ...] = (
    ("piece", decode_piece, encode_piece),  # type: ignore[arg-type]
    ("to-worker", decode_to_worker, encode_message),  # type: ignore[arg-type]
    ("from-worker", decode_from_worker, encode_message),  # type: ignore[arg-type]
    ("setup", decode_setup, encode_message),  # type: ignore[arg-type]
    ("media-request", _request_decoder.decode, msgspec.msgpack.encode),
    ("media-answer", read_answer, msgspec.msgpack.encode),
    ("recipe", _decode_recipe, None),
    ("file", _decode_file, None),
)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Yield a good value for each decoder."""
    piece, limits = make_melody(), UploadLimits(max_bytes=10, max_notes=10, max_minutes=1)
    recipe = '{"tutti":1,"operation":"generate","settings":{"genre":"rock","num_bars":8},"seed":7,"checkpoint":"x","piece":"aa"}'
    frames: tuple[tuple[int, bytes], ...] = (
        (0, encode_piece(piece)),
        (0, encode_piece(make_band(1))),
        (
            1,
            encode_message(
                GenerateRequest(
                    job_id="1", seed=7, constraints=Constraints(num_bars=4), controls=Controls(genre="rock")
                )
            ),
        ),
        (1, encode_message(Cancel(job_id="1"))),
        (2, encode_message(Progress(job_id="1", stage="writing", num_done=1, num_total=4))),
        (2, encode_message(Result(job_id="1", piece=piece, checkpoint_id="x"))),
        (2, encode_message(Failure(job_id="1", code="input", message="No."))),
        (2, msgspec.msgpack.encode(Ready(process_id=1, device="cpu", checkpoint_ids={"a": "b"}, load_seconds=1.0))),
        (2, msgspec.msgpack.encode(Heartbeat(memory_bytes=1))),
        (4, msgspec.msgpack.encode(ReadUpload(filename="a.mid", data=b"MThd", limits=limits))),
        (4, msgspec.msgpack.encode(WriteMIDI(piece=piece, recipe=recipe))),
        (5, msgspec.msgpack.encode(PieceRead(piece=piece))),
        (5, msgspec.msgpack.encode(MediaFailure(is_input=True, error="MIDIFileError", message="No."))),
        (6, recipe.encode()),
        (7, write_midi(piece, recipe=recipe, credit_lines=("Somebody",))),
    )
    for index, (kind, frame) in enumerate(frames):
        yield f"{DECODERS[kind][0]}-{index}", bytes((kind,)) + frame
    yield "setup", b"\x03\x80"


TARGET = Target(
    name="frames",
    run=run,
    seeds=seeds,
    max_bytes=_MAX_BYTES,
    words=(b"generate", b"tutti", b"job_id", b"type", b"\xc0", b"\x93", b"\xdd\xff\xff\xff\xff"),
)
