"""The field decoder forbids what the order forbids, and copies what it is shown."""

import torch

from inference.event_sizes import SIZES, generator_config, name_features
from inference.models.generator import Generator, GeneratorConfig
from music.tokenizers.tracker import COLUMNS, FIRST_COLUMN, NUM_COLUMNS
from music.vocabulary import DRUM_PITCH, FIELDS


def make_known(**values) -> dict[str, torch.Tensor]:
    row = torch.zeros(1, NUM_COLUMNS, dtype=torch.long)
    row[0, FIRST_COLUMN["bar_units"]] = 96
    for name, value in values.items():
        row[0, COLUMNS[name]] = value if isinstance(value, int) else torch.tensor(value)
    return name_features(row)


def make_model() -> Generator:
    torch.manual_seed(0)
    return Generator(generator_config("tiny")).eval()


def test_choices_without_their_bit_are_impossible():
    model = make_model()
    logits = model.fields.choose(torch.randn(1, 32), make_known(choice_bits=0b101))
    assert torch.isfinite(logits[0]).nonzero()[:, 0].tolist() == [0, 2]


def test_positions_stay_after_the_last_note_and_inside_the_bar():
    model = make_model()
    logits = model.fields.place(torch.randn(1, 32), make_known(min_position=90))
    assert torch.isfinite(logits[0]).nonzero()[:, 0].tolist() == [90, 91, 92, 93, 94, 95]


def test_drums_and_tones_are_kept_apart():
    model = make_model()
    body, position = torch.randn(1, 32), torch.zeros(1, dtype=torch.long)
    tones = model.fields.tune(body, make_known(program=0, min_pitch=60), position)[0]
    drums = model.fields.tune(body, make_known(program=128, min_pitch=DRUM_PITCH), position)[0]
    assert torch.isfinite(tones).nonzero()[:, 0].tolist() == list(range(60, DRUM_PITCH))
    assert torch.isfinite(drums).nonzero()[:, 0].tolist() == list(range(DRUM_PITCH, 2 * DRUM_PITCH))


def test_an_open_copy_gate_lifts_exactly_the_shown_value():
    """With a gate of 5 the logit of the value one bar ago rises by 5 and no other changes."""
    model = make_model()
    body, position = torch.randn(1, 32), torch.zeros(1, dtype=torch.long)
    size = FIELDS["pitch"].size
    known = make_known(program=0, pitch_back=[64, size, size, size + 1], previous_pitch=size)
    with torch.no_grad():
        model.fields.pitch.gates.weight.zero_()
        model.fields.pitch.gates.bias.zero_()
        before = model.fields.tune(body, known, position)
        model.fields.pitch.gates.bias[0] = 5.0
        after = model.fields.tune(body, known, position)
    change = (after - before)[0, :DRUM_PITCH]
    assert torch.allclose(change[64], torch.tensor(5.0), atol=1e-4)
    change[64] = 0
    assert change.abs().max() < 1e-4


def test_configuration_survives_the_checkpoint():
    for size in SIZES:
        config = generator_config(size)
        assert GeneratorConfig.from_dict(config.as_dict()) == config


def test_the_presence_of_a_pitch_class_speaks_for_all_its_octaves():
    """A score of 3 for one level of presence lifts the tones of that pitch class by 3 and no other."""
    model = make_model()
    body, position = torch.randn(1, 32), torch.zeros(1, dtype=torch.long)
    known = make_known(program=0, tonal=[5] + [0] * 11)
    with torch.no_grad():
        before = model.fields.tune(body, known, position)
        model.fields.pitch.steps[3].bias[5] = 3.0
        change = (model.fields.tune(body, known, position) - before)[0, :DRUM_PITCH]
    assert change.nonzero()[:, 0].tolist() == list(range(0, DRUM_PITCH, 12))
    assert torch.allclose(change[::12], torch.tensor(3.0), atol=1e-5)
