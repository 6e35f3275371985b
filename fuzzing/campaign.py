"""Legs of fuzzing in turn, each in a child process; what they did goes into the journal. It knows no atheris."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from fuzzing.journal import Journal, Leg, seconds_of
from fuzzing.targets.registry import load_target

KEPT_CORPUS = Path(__file__).parent / "corpus"
KEPT_FINDINGS = Path(__file__).parent / "findings"
_HANG_SECONDS = 60  # by the clock, and the machine may be busy; what is slow by its own time is a finding much earlier
_MAX_MEMORY_MIB = 2048
_SHORTEST_SECONDS = 5.0
_MAX_STARTS = 8
_STATUS = re.compile(r"^#(\d+)\s.*?cov: (\d+) ft: (\d+) corp: (\d+)/")
_FINAL = re.compile(r"^stat::(\w+):\s+(\d+)")


@dataclass(slots=True)
class _Seen:
    """What one engine wrote."""

    executions: int = 0
    edges: int = 0
    features: int = 0
    corpus_files: int = 0
    new_inputs: int = 0
    peak_memory_mib: int = 0
    began_seconds: float | None = None
    lines: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """Where a campaign works, and how long its legs are."""

    folder: Path
    leg_seconds: float
    seed: int
    max_executions: int = 0  # of one start of the engine; 0: no limit

    @property
    def journal(self) -> Journal:
        return Journal(self.folder / "journal.jsonl")

    def run(self, targets: Sequence[str], *, minutes: float, num_rounds: int = 0) -> None:
        """Let the targets take turns until the journal holds so many minutes, or for ``num_rounds`` rounds."""
        round_number = 0
        while seconds_of(self.journal.read()) < minutes * 60 and not 0 < num_rounds <= round_number:
            for target in targets:
                left_seconds = minutes * 60 - seconds_of(self.journal.read())
                if left_seconds <= 0:
                    return
                leg = self.run_leg(target, seconds=min(self.leg_seconds, max(left_seconds, _SHORTEST_SECONDS)))
                sys.stdout.write(
                    f"{leg.began} {leg.target}: {leg.executions:,} inputs in {leg.seconds:.0f} s, {leg.new_inputs} new, "
                    f"{leg.edges} edges, {leg.findings} kinds of failures, "
                    f"{leg.crashes} crashes, {leg.timeouts} hangs, {leg.out_of_memory} out of memory\n"
                )
                sys.stdout.flush()
            round_number += 1

    def run_leg(self, name: str, *, seconds: float) -> Leg:
        """Fuzz one target for so long; what ends the engine early is kept, and it starts again."""
        title = load_target(name).name
        folders = self._folders(name)
        before = len(list(folders[0].iterdir()))
        cpu_before, started = _cpu_seconds(), time.monotonic()
        began, spent, seed = datetime.now(UTC), 0.0, self.seed + len(self.journal.read())
        seen_all: list[_Seen] = []
        for start in range(_MAX_STARTS):
            if seconds - spent < (_SHORTEST_SECONDS if start else 0):
                break
            seen, used = self._run_engine(name, folders, seconds=seconds - spent, seed=seed + 1000 * start)
            seen_all.append(seen)
            spent += used
            if self.max_executions:
                break
        ended = self._keep_artifacts(name)
        leg = Leg(
            target=title,
            began=began.isoformat(timespec="seconds"),
            seed=seed,
            git_commit=_git_commit(),
            seconds=round(spent, 1),
            whole_seconds=round(time.monotonic() - started, 1),
            cpu_seconds=round(_cpu_seconds() - cpu_before, 1),
            executions=sum(seen.executions for seen in seen_all),
            new_inputs=len(list(folders[0].iterdir())) - before,
            edges=max(seen.edges for seen in seen_all),
            features=max(seen.features for seen in seen_all),
            corpus_files=len(list(folders[0].iterdir())),
            findings=len(list((self.folder / "findings" / title).glob("*.bin"))),
            crashes=ended["crash"],
            timeouts=ended["timeout"],
            out_of_memory=ended["oom"],
            peak_memory_mib=max(seen.peak_memory_mib for seen in seen_all),
        )
        self.journal.write(leg)
        return leg

    def _folders(self, name: str) -> tuple[Path, ...]:
        """Return the folders of inputs: the one that grows, seeds written anew, and what the repository keeps."""
        target = load_target(name)
        name = target.name
        growing, seeds = self.folder / "corpus" / name, self.folder / "seeds" / name
        for folder in (growing, seeds, self.folder / "artifacts" / name, self.folder / "findings" / name):
            folder.mkdir(parents=True, exist_ok=True)
        for title, data in target.seeds():
            (seeds / title).write_bytes(data[: target.max_bytes])
        kept = (folder / name for folder in (KEPT_CORPUS, KEPT_FINDINGS))
        return (growing, seeds, *(folder for folder in kept if folder.is_dir()))

    def _run_engine(self, name: str, folders: Sequence[Path], *, seconds: float, seed: int) -> tuple[_Seen, float]:
        """Run the engine once; return what it wrote and how many seconds inputs were tried."""
        target_name = load_target(name).name
        command = [
            sys.executable, "-m", "fuzzing.engine", "--target", name, "--folder", str(self.folder), "--",
            f"-seed={seed}", f"-max_total_time={max(int(seconds), 1)}", f"-timeout={_HANG_SECONDS}",
            f"-report_slow_units={_HANG_SECONDS}", f"-rss_limit_mb={_MAX_MEMORY_MIB}", "-print_final_stats=1", "-reload=0",
            f"-artifact_prefix={self.folder / 'artifacts' / target_name}/",
            *([f"-runs={self.max_executions}"] if self.max_executions else []),
            *map(str, folders),
        ]  # fmt: skip
        seen, started = _Seen(), time.monotonic()
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
        ) as child:
            assert child.stderr is not None
            for line in child.stderr:
                _note(seen, line.rstrip("\n"))
        log = self.folder / "logs" / f"{target_name}.log"
        log.parent.mkdir(exist_ok=True)
        log.write_text("\n".join(seen.lines[-300:]) + f"\nexit code {child.returncode}\n")
        return seen, time.monotonic() - (seen.began_seconds or started)

    def _keep_artifacts(self, name: str) -> dict[str, int]:
        """Move what ended the engine to the findings, and count it by kind."""
        name = load_target(name).name
        counts = {"crash": 0, "timeout": 0, "oom": 0}
        for path in sorted((self.folder / "artifacts" / name).iterdir()):
            kind = path.name.partition("-")[0]
            if kind not in counts:
                path.unlink()
                continue
            counts[kind] += 1
            place = self.folder / "findings" / name / f"{path.name[:24]}.bin"
            shutil.move(path, place)
            shutil.copy(self.folder / "logs" / f"{name}.log", place.with_suffix(".txt"))
        return counts


def _note(seen: _Seen, line: str) -> None:
    if line.startswith("INFO: Instrumenting"):
        return
    seen.lines.append(line)
    del seen.lines[:-2000]
    if (status := _STATUS.match(line)) is not None:
        seen.began_seconds = seen.began_seconds or time.monotonic()
        seen.executions = max(seen.executions, int(status[1]))
        seen.edges, seen.features, seen.corpus_files = int(status[2]), int(status[3]), int(status[4])
    elif line.startswith("#") and seen.began_seconds is None:
        seen.began_seconds = time.monotonic()
    elif (final := _FINAL.match(line)) is not None:
        match final[1]:
            case "number_of_executed_units":
                seen.executions = int(final[2])
            case "peak_rss_mb":
                seen.peak_memory_mib = int(final[2])
            case _:
                pass


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _git_commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
