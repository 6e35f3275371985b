"""What one process sends is what the other receives, for all messages there are."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.protocol import (
    Cancel,
    Controls,
    Failure,
    GenerateRequest,
    HarmonizeRequest,
    HarmonyTask,
    Heartbeat,
    Progress,
    Ready,
    RemixRequest,
    Result,
    Sampling,
    WorkerSetup,
    decode_from_worker,
    decode_setup,
    decode_to_worker,
    encode_message,
)
from music.constraints import AskedChord, BarRange, Check, Constraints, Scale
from tests.factories.random_pieces import pieces

_ids = st.text(min_size=1, max_size=20)
_text = st.text(max_size=40)
_seeds = st.integers(0, 2**63 - 1)
_counts = st.integers(0, 2**40)
_numbers = st.floats(0, 1e6)
_bars = st.builds(BarRange, st.integers(0, 100), st.integers(0, 100))
_tuples = st.lists(st.integers(0, 128), max_size=4).map(tuple)
_scales = st.builds(Scale, st.integers(0, 11), st.booleans(), _tuples, _text)
_constraints = st.builds(
    Constraints,
    num_bars=st.none() | st.integers(1, 256),
    metre=st.none() | st.sampled_from(((4, 4), (6, 8))),
    tempo_bpm=st.none() | _numbers,
    instruments=_tuples,
    excluded_instruments=_tuples,
    pitch_range=st.none() | st.tuples(st.integers(0, 127), st.integers(0, 127)),
    scale=st.none() | _scales,
    locked_bars=st.lists(_bars, max_size=3).map(tuple),
    locked_tracks=_tuples,
)
_samplings = st.builds(Sampling, temperature_notes=_numbers, top_k=st.integers(0, 500), top_p=st.floats(0, 1))
_controls = st.builds(Controls, genre=st.none() | _text, density=st.none() | st.integers(0, 7))
_classes = st.integers(0, 11)
_chords = st.builds(
    AskedChord,
    start_ticks=_counts,
    stop_ticks=_counts,
    root=_classes,
    quality=st.sampled_from(("maj", "none")),
    bass=_classes,
)
_checks = st.builds(Check, name=_text, asked=_text, found=_text, is_kept=st.booleans())
_common = {"job_id": _ids, "seed": _seeds, "constraints": _constraints, "sampling": _samplings}

_to_worker = st.one_of(
    st.builds(GenerateRequest, controls=_controls, prompt=st.none() | pieces(max_tracks=2), **_common),
    st.builds(
        HarmonizeRequest,
        piece=pieces(max_tracks=2),
        style=st.sampled_from(get_args(HarmonyTask)),
        melody_track=st.none() | st.integers(0, 9),
        target_instruments=_tuples,
        bars=st.none() | _bars,
        track=st.none() | st.integers(0, 9),
        chords=st.lists(_chords, max_size=3).map(tuple),
        **_common,
    ),
    st.builds(RemixRequest, piece=pieces(max_tracks=2), bars=st.none() | _bars, tracks=_tuples, **_common),
    st.builds(Cancel, job_id=_ids),
)
_from_worker = st.one_of(
    st.builds(Progress, job_id=_ids, stage=_text, num_done=_counts, num_total=_counts),
    st.builds(
        Result,
        job_id=_ids,
        piece=pieces(max_tracks=2),
        checkpoint_id=_text,
        checks=st.lists(_checks, max_size=3).map(tuple),
        decode_seconds=_numbers,
    ),
    st.builds(Failure, job_id=_ids, code=st.sampled_from(("input", "stopping")), message=_text, details=_text),
    st.builds(
        Ready, process_id=_counts, device=_text, checkpoint_ids=st.dictionaries(_text, _text), load_seconds=_numbers
    ),
    st.builds(Heartbeat, memory_bytes=_counts),
)
_quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_quick
@given(_to_worker)
def test_requests_arrive_equal(message):
    """Every request and cancellation, with any piece and any rules."""
    assert decode_to_worker(encode_message(message)) == message


@_quick
@given(_from_worker)
def test_replies_arrive_equal(message):
    """Every reply."""
    assert decode_from_worker(encode_message(message)) == message


def test_setup_arrives_equal():
    """The start-up message."""
    setup = WorkerSetup(weights_folder="weights", device="cpu", heartbeat_seconds=0.5, max_running_jobs=3)

    assert decode_setup(encode_message(setup)) == setup


@pytest.mark.parametrize("frame", [b"", b"\xff", b"\x80", b"\x81\xa4type\xa4sing", b"\x81\xa4typ\x8f\xa4sing"])
@pytest.mark.parametrize("decode", [decode_to_worker, decode_from_worker, decode_setup])
def test_nonsense_is_refused(decode, frame):
    """Bytes that are no message raise one known error."""
    with pytest.raises(msgspec.MsgspecError):
        decode(frame)
