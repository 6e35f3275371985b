"""The field decoder: one vector of the body -> the fields of the next event, each given those before it. Only torch.

Small heads in a chain. Beside the body's vector a head sees what the tracker laid out (the same part 1, 2, 4 and 8 bars
ago, the part's last note, the chord), and its logits are a sum of

- an ordinary layer over all values;
- copy gates, one scalar for each laid-out value, added to that value's logit (after See et al. 2017, arXiv 1704.04368,
  there as a mixture of distributions): copying is learned as one decision, not value by value;
- scores of steps from an anchor (interval from the last note, distance from the chord's root, from the last position),
  so what is learned in one key or place holds in all;
- scores of presence: how much of a tone's pitch class sounded in the last bars and in this one, so that a piece keeps
  its scale longer than the network's memory reaches.

Values that the order of events forbids have logit minus infinity, in training as in decoding.

Legend: B rows, D body width, F head width, V values of a field, K laid-out values. ``known`` maps names to (B,) or
(B, K) integer tensors; "none" is V and "no such bar" V + 1 there.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.models.transformer_xl import EMBEDDING_DEVIATION

MAX_INTERVAL = 24
MAX_STEP = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFieldsConfig:
    """Numbers of values; ``num_back`` bars are laid out. ``drum_pitch`` is the first drum's pitch value."""

    body_width: int
    width: int
    num_back: int
    num_slots: int
    num_choices: int
    num_roles: int
    num_programs: int
    num_positions: int
    num_roots: int
    num_qualities: int
    num_basses: int
    num_pitches: int
    drum_pitch: int
    drum_program: int
    num_durations: int
    num_velocities: int
    num_metres: int
    num_tempos: int
    num_tonal_levels: int = 0  # 0: a checkpoint from before the heads knew how present each pitch class is
    num_genres: int = 0  # 0: the heads know wishes only through the body
    num_keys: int = 0
    num_densities: int = 0

    @property
    def wishes(self) -> tuple[int, ...]:
        """Numbers of values of the song's controls as heads take them: genre, second genre, key, density; 0 means none."""
        if not self.num_genres:
            return ()
        return (self.num_genres + 1, self.num_genres + 1, self.num_keys + 1, self.num_densities + 1)


class FieldHead(nn.Module):
    """Logits of one field from the body's vector and small integers."""

    def __init__(
        self, *, body_width: int, width: int, inputs: tuple[int, ...], num_values: int, num_copies: int = 0,
        steps: tuple[int, ...] = (),
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_inputs = len(inputs)
        offsets = torch.tensor([0, *inputs]).cumsum(0)
        self.register_buffer("offsets", offsets[:-1], persistent=False)
        self.offsets: Tensor
        self.num_values = num_values
        self.from_body = nn.Linear(body_width, width)
        self.table = nn.Parameter(torch.randn(max(int(offsets[-1]), 1), width) * EMBEDDING_DEVIATION)
        self.norm = nn.LayerNorm(width)
        self.hidden = nn.Linear(width, width)
        self.values = nn.Linear(width, num_values)
        self.gates = nn.Linear(width, num_copies) if num_copies else None
        self.steps = nn.ModuleList(nn.Linear(width, size) for size in steps)

    def forward(
        self, body: Tensor, known: list[Tensor], *, copies: Tensor | None = None, anchored: tuple[Tensor, ...] = ()
    ) -> Tensor:
        """Return logits (B, V), float32.

        Args:
            body: (B, D).
            known: one (B,) tensor for each input of the constructor.
            copies: (B, K), values to copy from; V and above are no values.
            anchored: for each set of steps (B, V): which step leads to a value; the number of steps means none.
        """
        state = self.from_body(body)
        if known:
            ids = torch.stack(known, dim=1) + self.offsets
            state = state + functional.embedding_bag(ids, self.table, mode="sum").to(state.dtype)
        state = functional.gelu(self.norm(state), approximate="tanh")
        state = functional.gelu(self.hidden(state), approximate="tanh") + state
        logits = self.values(state).float()
        if self.gates is not None and copies is not None:
            gates = self.gates(state).float()
            spare = functional.pad(logits, (0, 2))  # two columns take the values that are none
            logits = spare.scatter_add(1, copies, gates)[:, : self.num_values]
        for layer, index in zip(self.steps, anchored, strict=True):
            scores = functional.pad(layer(state).float(), (0, 1))
            logits = logits + scores.gather(1, index)
        return logits


class EventFields(nn.Module):
    """All heads; one method a stage, in the order in which an event is decided."""

    def __init__(self, config: EventFieldsConfig) -> None:
        super().__init__()
        self.config = config
        c = config
        positions, pitches = c.num_positions + 2, c.num_pitches + 2
        durations, velocities = c.num_durations + 2, c.num_velocities + 2
        roots, qualities = c.num_roots + 2, c.num_qualities + 2
        back = c.num_back
        tonal = (c.num_tonal_levels,) if c.num_tonal_levels else ()
        wishes = c.wishes
        degrees = (c.num_keys,) if wishes else ()

        def head(
            inputs: tuple[int, ...], num_values: int, *, num_copies: int = 0, steps: tuple[int, ...] = ()
        ) -> FieldHead:
            return FieldHead(
                body_width=c.body_width, width=c.width, inputs=inputs, num_values=num_values, num_copies=num_copies,
                steps=steps,
            )  # fmt: skip

        self.choice = head((*((c.num_choices + 2,) * back), *wishes), c.num_choices, num_copies=back)
        part = (c.num_roles, c.num_programs)
        self.position = head(
            (*part, *((positions,) * back), positions, durations, pitches, *wishes), c.num_positions,
            num_copies=back, steps=(MAX_STEP + 1,),
        )  # fmt: skip
        self.pitch = head(
            (*part, positions, roots, qualities, pitches, *((pitches,) * back), positions, *wishes), c.num_pitches,
            num_copies=back + 1, steps=(2 * MAX_INTERVAL + 1, 12, 12, *tonal, *degrees),
        )  # fmt: skip
        self.duration = head(
            (*part, positions, pitches, durations, *((2 * durations,) * back), positions, *wishes), c.num_durations,
            num_copies=back + 1,
        )  # fmt: skip
        self.velocity = head(
            (*part, positions, pitches, durations, velocities, *((2 * velocities,) * back), *wishes), c.num_velocities,
            num_copies=back + 1,
        )  # fmt: skip
        self.chord_position = head((), c.num_positions)
        self.root = head(
            (positions, roots, qualities, *((roots,) * back), *wishes),
            c.num_roots,
            num_copies=back,
            steps=(12, *tonal, *degrees),
        )
        self.quality = head((positions, roots, *((2 * qualities,) * back), *wishes), c.num_qualities, num_copies=back)
        self.bass = head((roots, qualities), c.num_basses, steps=(12,))
        self.metre = head(wishes, c.num_metres)
        self.tempo = head((c.num_metres, *wishes), c.num_tempos)
        self.slot = head(wishes, c.num_slots)
        self.role = head((c.num_slots,), c.num_roles)
        self.program = head((c.num_roles, *wishes), c.num_programs)
        self._silence(num_wishes=len(wishes), num_steps=bool(tonal) + bool(degrees))

    def _silence(self, *, num_wishes: int, num_steps: int) -> None:
        """Let what later versions added say nothing at first, so that a checkpoint without it can be widened."""
        for each in (self.pitch, self.root):
            for layer in list(each.steps)[len(each.steps) - num_steps :]:
                for weights in layer.parameters():
                    nn.init.zeros_(weights)
        if num_wishes:
            for head in (child for child in self.children() if isinstance(child, FieldHead)):
                if head.num_inputs >= num_wishes and head not in (self.bass, self.role, self.chord_position):
                    nn.init.zeros_(head.table[int(head.offsets[head.num_inputs - num_wishes]) :])

    def widen_from(self, older: EventFields) -> None:
        """Take over the heads of a network that knew less; what is new stays as it begins, silent."""
        for name, head in self.named_children():
            assert isinstance(head, FieldHead)
            old = older.get_submodule(name)
            assert isinstance(old, FieldHead)
            own = head.state_dict()
            num_rows = len(old.table) if old.num_inputs else 0  # a head without inputs has a row that nobody reads
            own["table"] = torch.cat([old.table.detach()[:num_rows], own["table"][num_rows:]])
            head.load_state_dict(own | {key: value for key, value in old.state_dict().items() if key != "table"})

    def _wishes(self, known: dict[str, Tensor]) -> list[Tensor]:
        """Return the song's controls as inputs of a head; nothing for a network whose heads do not know them."""
        return list(known["controls"].unbind(1)) if self.config.num_genres else []

    def _degrees(self, known: dict[str, Tensor], is_tone: Tensor, values: Tensor) -> tuple[Tensor, ...]:
        """Return which degree of the wished key each value is (B, V): 12 of major, 12 of minor; none without a wish."""
        if not self.config.num_genres:
            return ()
        key = known["controls"][:, 2:3] - 1
        degree = (values - key % 12) % 12 + 12 * (key >= 12)
        return (torch.where(is_tone & (key >= 0), degree, self.config.num_keys),)

    def choose(self, body: Tensor, known: dict[str, Tensor]) -> Tensor:
        """Logits of what comes next (B, choices); illegal ones are minus infinity."""
        back = known["choice_back"]
        logits = self.choice(
            body, [*back.unbind(1), *self._wishes(known)], copies=back.clamp(max=self.config.num_choices)
        )
        choices = torch.arange(self.config.num_choices, device=body.device)
        return logits.masked_fill((known["choice_bits"][:, None] >> choices) & 1 == 0, float("-inf"))

    def place(self, body: Tensor, known: dict[str, Tensor]) -> Tensor:
        """Logits of a note's position (B, positions), not before the part's last note, not beyond the bar."""
        back, previous = known["position_back"], known["previous_position"]
        values = torch.arange(self.config.num_positions, device=body.device)
        step = values[None, :] - previous[:, None]
        is_step = (step >= 0) & (step <= MAX_STEP) & (previous[:, None] < self.config.num_positions)
        inputs = [known["role"], known["program"], *back.unbind(1), previous]
        logits = self.position(
            body, [*inputs, known["previous_duration"], known["previous_pitch"], *self._wishes(known)], copies=back,
            anchored=(torch.where(is_step, step, MAX_STEP + 1),),
        )  # fmt: skip
        is_legal = (values >= known["min_position"][:, None]) & (values < known["bar_units"][:, None])
        return logits.masked_fill(~is_legal, float("-inf"))

    def tune(self, body: Tensor, known: dict[str, Tensor], position: Tensor) -> Tensor:
        """Logits of a note's pitch (B, pitches): rising within a position, drums and tones apart."""
        back, previous = known["pitch_back"], known["previous_pitch"]
        c = self.config
        values = torch.arange(c.num_pitches, device=body.device)[None, :]
        is_tone = values < c.drum_pitch
        interval = values - previous[:, None] + MAX_INTERVAL
        is_near = is_tone & (interval >= 0) & (interval <= 2 * MAX_INTERVAL) & (previous[:, None] < c.drum_pitch)
        root, quality = known["root"][:, None], known["quality"][:, None]
        above_root = torch.where(is_tone & (root < 12), (values - root) % 12, 12)
        inputs = [known["role"], known["program"], position, root[:, 0], quality[:, 0], previous]
        logits = self.pitch(
            body, [*inputs, *back.unbind(1), known["previous_position"], *self._wishes(known)],
            copies=torch.cat([back, previous[:, None]], dim=1),
            anchored=(
                torch.where(is_near, interval, 2 * MAX_INTERVAL + 1),
                above_root,
                torch.where(quality == 1, above_root, 12),
                *self._tonal(known, is_tone, values),
                *self._degrees(known, is_tone, values),
            ),
        )  # fmt: skip
        is_drum = (known["program"] == c.drum_program)[:, None]
        is_legal = (values >= known["min_pitch"][:, None]) & (is_tone != is_drum)
        return logits.masked_fill(~is_legal, float("-inf"))

    def _tonal(self, known: dict[str, Tensor], is_tone: Tensor, values: Tensor) -> tuple[Tensor, ...]:
        """Return which score of presence belongs to each value (B, V); nothing for a network without them."""
        num_levels = self.config.num_tonal_levels
        if not num_levels:
            return ()
        levels = known["tonal"][:, values[0] % 12]
        return (torch.where(is_tone, levels, num_levels),)

    def hold(self, body: Tensor, known: dict[str, Tensor], position: Tensor, pitch: Tensor) -> Tensor:
        """Logits of a note's duration (B, durations)."""
        back, previous = known["duration_back"], known["previous_duration"]
        is_same = known["pitch_back"] == pitch[:, None]
        marked = back + is_same * (self.config.num_durations + 2)
        inputs = [known["role"], known["program"], position, pitch, previous, *marked.unbind(1)]
        copies = torch.cat([back, previous[:, None]], dim=1)
        return self.duration(body, [*inputs, known["previous_position"], *self._wishes(known)], copies=copies)

    def strike(
        self, body: Tensor, known: dict[str, Tensor], position: Tensor, pitch: Tensor, duration: Tensor
    ) -> Tensor:
        """Logits of a note's velocity (B, velocities)."""
        back, previous = known["velocity_back"], known["previous_velocity"]
        is_same = known["pitch_back"] == pitch[:, None]
        marked = back + is_same * (self.config.num_velocities + 2)
        inputs = [known["role"], known["program"], position, pitch, duration, previous]
        copies = torch.cat([back, previous[:, None]], dim=1)
        return self.velocity(body, [*inputs, *marked.unbind(1), *self._wishes(known)], copies=copies)

    def place_chord(self, body: Tensor, known: dict[str, Tensor]) -> Tensor:
        """Logits of a chord's position (B, positions)."""
        values = torch.arange(self.config.num_positions, device=body.device)
        is_legal = (values >= known["min_position"][:, None]) & (values < known["bar_units"][:, None])
        return self.chord_position(body, []).masked_fill(~is_legal, float("-inf"))

    def choose_root(self, body: Tensor, known: dict[str, Tensor], position: Tensor) -> Tensor:
        """Logits of a chord's root (B, roots)."""
        back, previous = known["pitch_back"], known["root"]
        values = torch.arange(self.config.num_roots, device=body.device)[None, :]
        step = torch.where((values < 12) & (previous[:, None] < 12), (values - previous[:, None]) % 12, 12)
        inputs = [position, previous, known["quality"], *back.unbind(1), *self._wishes(known)]
        tonal, degrees = self._tonal(known, values < 12, values), self._degrees(known, values < 12, values)
        return self.root(body, inputs, copies=back, anchored=(step, *tonal, *degrees))

    def choose_quality(self, body: Tensor, known: dict[str, Tensor], position: Tensor, root: Tensor) -> Tensor:
        """Logits of a chord's quality (B, qualities)."""
        back = known["duration_back"]
        marked = back + (known["pitch_back"] == root[:, None]) * (self.config.num_qualities + 2)
        return self.quality(body, [position, root, *marked.unbind(1), *self._wishes(known)], copies=back)

    def choose_bass(self, body: Tensor, root: Tensor, quality: Tensor) -> Tensor:
        """Logits of a chord's bass (B, basses)."""
        values = torch.arange(self.config.num_basses, device=body.device)[None, :]
        step = torch.where((values < 12) & (root[:, None] < 12), (values - root[:, None]) % 12, 12)
        return self.bass(body, [root, quality], anchored=(step,))

    def choose_metre(self, body: Tensor, known: dict[str, Tensor]) -> Tensor:
        """Logits of the metre (B, metres)."""
        return self.metre(body, self._wishes(known))

    def choose_tempo(self, body: Tensor, known: dict[str, Tensor], metre: Tensor) -> Tensor:
        """Logits of the tempo (B, tempos)."""
        return self.tempo(body, [metre, *self._wishes(known)])

    def choose_slot(self, body: Tensor, known: dict[str, Tensor]) -> Tensor:
        """Logits of a new track's slot (B, slots)."""
        return self.slot(body, self._wishes(known))

    def choose_role(self, body: Tensor, slot: Tensor) -> Tensor:
        """Logits of a new track's role (B, roles)."""
        return self.role(body, [slot])

    def choose_program(self, body: Tensor, known: dict[str, Tensor], role: Tensor) -> Tensor:
        """Logits of a new track's program (B, programs)."""
        return self.program(body, [role, *self._wishes(known)])
