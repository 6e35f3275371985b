"""A control that nobody uses changes no byte: what was made before there were exclusions, ranges, polyphony and the rest is made again.

The hashes were taken at commit 0430352, whose decoders knew none of these controls. They speak of the CPU and of the
version of torch in the lock file, as stored seeds do.
"""

from __future__ import annotations

import pytest
import torch

from inference.arranger_sizes import arranger_config
from inference.decoding.generator import GeneratorDecoder
from inference.decoding.harmonizer import HarmonizerDecoder
from inference.decoding.remix_network import remixer_config
from inference.decoding.remixer import RemixerDecoder
from inference.event_sizes import generator_config
from inference.models.arranger import Arranger
from inference.models.generator import Generator
from inference.models.remixer import RemixerNetwork
from inference.protocol import Controls, GenerateRequest, HarmonizeRequest, RemixRequest, Result, Sampling
from music.codec import encode_piece, hash_piece
from music.constraints import BarRange, Constraints
from music.names import parse_key, scale_of_key
from music.piece import DRUM_PROGRAM
from music.tokenizers.tracker import CHOICE_BAR
from tests.factories.harmonies import tiny_network
from tests.factories.pieces import make_band, make_melody

BAND = Constraints(num_bars=4, instruments=(0, 33, 48, DRUM_PROGRAM), scale=scale_of_key(parse_key("D minor")))
REQUESTS = {
    "free": GenerateRequest(job_id="a", seed=7, constraints=Constraints(num_bars=4)),
    "band": GenerateRequest(job_id="a", seed=7, constraints=BAND, controls=Controls(genre="jazz", density=3)),
    "ranged": GenerateRequest(
        job_id="a",
        seed=7,
        constraints=Constraints(num_bars=3, metre=(6, 8), pitch_range=(50, 70), excluded_instruments=(DRUM_PROGRAM,)),
        sampling=Sampling(top_k=20, min_p=0.01, repetition=1.2, key_pull=3.0),
    ),
    "continued": GenerateRequest(job_id="a", seed=7, constraints=Constraints(num_bars=2), prompt=make_band(3)),
    "other notes": RemixRequest(job_id="a", seed=7, piece=make_band(4)),
    "other rhythm": RemixRequest(job_id="a", seed=7, piece=make_band(4), change="rhythm", bars=BarRange(1, 3)),
    "chorale": HarmonizeRequest(job_id="a", seed=7, piece=make_melody()),
    "chords": HarmonizeRequest(job_id="a", seed=7, piece=make_melody(), style="chords"),
    "piano": HarmonizeRequest(job_id="a", seed=7, piece=make_melody(), style="piano"),
    "hole": HarmonizeRequest(job_id="a", seed=7, piece=make_band(6), style="fill", track=1, bars=BarRange(3, 4)),
}
BEFORE = {
    "free": "ba6b7c947fb40436",
    "band": "f8f67c4d32c7302c",
    "ranged": "ea2737a1706341e8",
    "continued": "f73853a47edae9bb",
    "other notes": "f39fe636b725f398",
    "other rhythm": "3e4a2c443c0566ac",
    "chorale": "7c2741a8a4325fd3",
    "chords": "0f5c1d722aac861d",
    "piano": "1fba3593d8b79a15",
    "hole": "b0a776ae718b7d59",
}


@pytest.fixture(scope="module", name="decoders")
def _decoders():
    torch.manual_seed(0)
    generator = Generator(generator_config("tiny"))
    with torch.no_grad():
        generator.fields.choice.values.bias[:CHOICE_BAR] += 3.0
    torch.manual_seed(0)
    remixer = RemixerNetwork(remixer_config("tiny"))
    torch.manual_seed(0)
    sizes = {"width": 32, "num_heads": 2, "num_encoder_layers": 1, "num_decoder_layers": 1, "feed_forward": 32}
    harmonizer = tiny_network()
    torch.manual_seed(0)
    harmonizer.arranger = Arranger(arranger_config(head_width=16, dropout=0.0, **sizes)).eval()
    return {
        GenerateRequest: GeneratorDecoder(generator, checkpoint_id="test"),
        RemixRequest: RemixerDecoder(remixer, checkpoint_id="test"),
        HarmonizeRequest: HarmonizerDecoder(harmonizer, checkpoint_id="test", device=torch.device("cpu")),
    }


@pytest.mark.parametrize("name", REQUESTS)
def test_nothing_asked_changes_nothing(decoders, name):
    request = REQUESTS[name]
    *_, result = decoders[type(request)].decode(request)
    assert isinstance(result, Result)
    assert hash_piece(encode_piece(result.piece))[:16] == BEFORE[name]
