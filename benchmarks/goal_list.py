"""The list of goals, 1 to 20: what must be reached, and in which file of docs/results the measured value stands. It reads nothing."""

from __future__ import annotations

from dataclasses import dataclass

_BENCH, _SOAK, _PROMISES = "bench.json", "soak.json", "promises.json"
_GENERATOR, _HARMONIZER = "generator-test.json", "harmonizer-test.json"
_REMIXER, _JSB, _FUZZING = "remixer-test.json", "jsb-test.json", "fuzzing.json"
_COMMANDS = {
    _BENCH: "make bench",
    _SOAK: "make soak",
    _PROMISES: "make promises",
    _FUZZING: "make fuzz, then python -m fuzzing report",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number of a goal: ``at`` leads through its file, by keys and by the names of entries of lists."""

    file: str
    at: tuple[str, ...]
    what: str = ""
    unit: str = ""
    must: float | None = None
    stretch: float | None = None
    is_least: bool = False
    scale: float = 1.0
    why_not: str = ""
    """Why there is no value as long as none is in the file, where the file cannot know."""

    @property
    def command(self) -> str:
        """What makes the file."""
        return _COMMANDS.get(self.file, "make evaluate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A row of the list."""

    number: int
    what: str
    measures: tuple[Measure, ...]


def _bench(table: str, row: str, what: str = "", **limits: float | bool | str | None) -> Measure:
    return _row(_BENCH, table, row, what, **limits)


def _promise(table: str, row: str, what: str = "", **limits: float | bool | str | None) -> Measure:
    return _row(_PROMISES, table, row, what, **limits)


def _row(file: str, table: str, row: str, what: str, **limits: float | bool | str | None) -> Measure:
    return Measure(file=file, at=("tables", table, "rows", row, "median"), what=what, **limits)  # type: ignore[arg-type]


def _percent(file: str, *at: str, what: str) -> Measure:
    return Measure(file=file, at=at, what=what, unit="%", scale=100, must=100, stretch=100, is_least=True)


_OFF_PEOPLE = tuple(
    measure
    for name, label in (("pop909", "POP909"), ("openewld", "OpenEWLD"))
    for measure in (
        Measure(
            file=_HARMONIZER, at=("harmony", name, "off_human"), what=f"{label}, worst of 6 metrics",
            unit="%", scale=100, must=15, stretch=5,
        ),
        Measure(
            file=_HARMONIZER, at=("harmony", name, "num_nearer_than_template"),
            what=f"{label}, nearer to people than the template, of 6", must=4, stretch=6, is_least=True,
        ),
    )
)  # fmt: skip

GOALS = (
    Goal(
        number=1, what="JSB valid, left to right, nats per note",
        measures=(
            Measure(file=_JSB, at=("valid", "rows", "single", "nats_per_note"), what="one network", must=0.39, stretch=0.335),
            Measure(file=_JSB, at=("valid", "rows", "ensemble", "nats_per_note"), what="five", must=0.39, stretch=0.335),
        ),
    ),
    Goal(
        number=2, what="the same, a network that `make train-jsb` trains on one core in ten minutes",
        measures=(Measure(file=_JSB, at=("valid", "members", "member_1"), must=0.45, stretch=0.40),),
    ),
    Goal(
        number=3, what="four parts for JSB test sopranos, as shipped",
        measures=(
            Measure(
                file=_HARMONIZER, at=("rules", "as_shipped", "parallels_per_100_changes"),
                what="parallels per 100 changes", must=0.34, stretch=0,
            ),
            Measure(
                file=_HARMONIZER, at=("rules", "as_shipped", "crossings_percent"), what="crossings", unit="%",
                must=0.7, stretch=0,
            ),
            _percent(_HARMONIZER, "rules", "as_shipped", "soprano_kept", what="soprano kept"),
        ),
    ),
    Goal(number=4, what="chords, distance from people's", measures=_OFF_PEOPLE),
    Goal(
        number=5, what="POP909 generation, 100 pieces of 16 bars, gap to people's",
        measures=tuple(
            Measure(
                file=_GENERATOR, at=("piano", "statistics", name, "distance"), what=label, must=must, stretch=stretch
            )
            for name, label, must, stretch in (
                ("pitch_class_entropy", "entropy", 0.10, 0.025),
                ("scale_consistency", "scale", 0.02, 0.005),
                ("groove_consistency", "groove", 0.03, 0.01),
            )
        ),
    ),
    Goal(
        number=6, what="hole of one bar of one track, F1, 16 bars of context",
        measures=(
            Measure(file=_HARMONIZER, at=("hole", "harmonizer", "f1"), what="all", must=0.40, stretch=0.60, is_least=True),
            Measure(
                file=_HARMONIZER, at=("hole", "harmonizer", "f1_without_near_copy"), what="bars without a near copy",
                must=0.15, stretch=0.30, is_least=True,
            ),
        ),
    ),
    Goal(
        number=7, what="locked notes, and bars outside the edit, identical",
        measures=(
            _percent(_REMIXER, "obedience", "share_kept", what="remix"),
            _percent(_HARMONIZER, "obedience", "share_kept", what="harmonize and fill"),
        ),
    ),
    Goal(
        number=8, what="asked key, tempo, metre, bar count, instruments obeyed",
        measures=(_percent(_GENERATOR, "obedience", "share_kept", what=""),),
    ),
    Goal(
        number=9, what="same model, seed, settings, device: same MIDI bytes",
        measures=tuple(
            _promise("same_bytes", row, row, unit="%", must=100, stretch=100, is_least=True)
            for row in ("asked again", "beside others", "after kill -9 and restart", "by other worker processes")
        ),
    ),
    Goal(
        number=10, what="files that open",
        measures=(
            *(
                _promise(table, f"opened by {name}", f"{files} in {name}", unit="%", must=100, stretch=100, is_least=True)
                for table, files in (("readers", "replies of every kind"), ("sample_readers", "the samples of all networks"))
                for name in ("symusic", "pretty_midi", "music21", "mido")
            ),
            *(
                Measure(file=_FUZZING, at=("collections", name, "broken"), what=f"uploads of {name} that broke something", must=0, stretch=0)
                for name in ("OpenMSX", "MIDI files inside the music21 package")
            ),
            Measure(
                file=_FUZZING, at=("collections", "test-midi-files", "broken"), what="uploads of test-midi-files that broke something",
                must=0, stretch=0, why_not="the published package holds the programs that make the files, but not the files",
            ),
            Measure(file=_FUZZING, at=("executions",), what="inputs tried while fuzzing"),
            Measure(file=_FUZZING, at=("findings",), what="found by fuzzing, kept and mended"),
        ),
    ),
    Goal(
        number=11, what="runs of over 32 notes shared with the training set",
        measures=(
            Measure(
                file=_GENERATOR, at=("originality", "new", "exact", "share_above_32"), what="share of pieces", unit="%",
                scale=100, must=2, stretch=0,
            ),
            Measure(file=_GENERATOR, at=("originality", "new", "exact", "max"), what="longest shared run, notes"),
        ),
    ),
    Goal(
        number=12, what="20 people at once, 99th percentile",
        measures=(
            _bench("crowd", "acknowledge, 99th percentile", "acknowledge", unit="s", must=1, stretch=0.3),
            _bench("crowd", "first progress, 99th percentile", "first progress", unit="s", must=3, stretch=1),
            _bench("crowd", "cancel, 99th percentile", "cancel takes effect", unit="s", must=1, stretch=0.3),
        ),
    ),
    Goal(
        number=13, what="16 bars of 4 tracks with audio, median",
        measures=(
            _bench("chat", "generate: whole reply", "two cores", unit="s", must=15, stretch=6),
            _bench("gpu", "16-bar reply", "GPU", unit="s", must=5, stretch=2),
        ),
    ),
    Goal(
        number=14, what="cached against uncached decoding at 1,024 tokens",
        measures=(
            _bench("decoding", "reference: body with cache against without", "speed", unit="x", must=8, stretch=20, is_least=True),
            _promise("cache", "same choices", "same tokens", unit="%", must=100, stretch=100, is_least=True),
        ),
    ),
    Goal(
        number=15, what="8 songs at once against 8 in turn",
        measures=(
            _bench(
                "gpu", "8 at once against in turn", "GPU", unit="x", must=4, stretch=6, is_least=True, why_not="no GPU here"
            ),
            _bench("together", "at once against in turn", "two cores, for comparison", unit="x", is_least=True),
        ),
    ),
    Goal(
        number=16, what="worker killed in mid-job",
        measures=(
            _promise("kills", "jobs lost", "jobs lost", must=0, stretch=0),
            _promise("kills", "recovered, longest", "recovered, longest", unit="s", must=10, stretch=3),
        ),
    ),
    Goal(
        number=17, what="200 simulated users, 1,000 jobs, processes killed",
        measures=(
            Measure(file=_SOAK, at=("parts", "crowd", "jobs lost", "value"), what="lost", must=0, stretch=0),
            Measure(file=_SOAK, at=("parts", "crowd", "doubled replies", "value"), what="answered twice", must=0, stretch=0),
            Measure(
                file=_SOAK, at=("parts", "crowd", "mean wait of a user: longest over shortest", "value"),
                what="longest mean wait of a user over shortest", must=3, stretch=1.5,
            ),
        ),
    ),
    Goal(
        number=18, what="replies",
        measures=(
            _promise("sizes", "over the size limit", "over the size limit", must=0, stretch=0),
            _promise("sizes", "text lost", "with text lost", must=0, stretch=0),
        ),
    ),
    Goal(
        number=19, what="audio",
        measures=(
            _bench(
                "sound", "audio rendering against real time", "rendering against real time, two cores", unit="x",
                must=15, stretch=30, is_least=True,
            ),
            _promise("loudness", "furthest from -16 LUFS", "loudness of replies, furthest from -16 LUFS", unit="LU", must=1, stretch=0.5),
        ),
    ),
    Goal(
        number=20, what="buttons and menus that work",
        measures=(
            _promise("buttons", "after a restart", "after a restart", unit="%", must=100, stretch=100, is_least=True),
            _promise("buttons", "after 24 hours", "after 24 hours", unit="%", must=100, stretch=100, is_least=True),
        ),
    ),
)  # fmt: skip
