"""`make fuzz MINUTES=120`: fuzz every way into Tutti in turn, and keep what was found.

python -m fuzzing                        fuzz until runs/fuzzing holds two hours (it goes on where it stopped)
python -m fuzzing collection FOLDER      read every music file of a folder: how many are read, refused, broken
python -m fuzzing replay                 every kept input and finding once, without the fuzzer
python -m fuzzing keep                   make fuzzing/corpus out of what a campaign found: small, nothing twice
python -m fuzzing report                 write docs/results/fuzzing.json
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fuzzing.campaign import Campaign
from fuzzing.targets.registry import NAMES, load_target

_FOLDER = Path("runs/fuzzing")
_LEG_SECONDS = 180.0


def main() -> None:
    """Do what was asked for; code 1 when something broke."""
    options = _parse()
    doing = {"fuzz": _fuzz, "collection": _read_folder, "replay": _replay, "keep": _keep, "report": _report}
    if not doing[options.doing](options):
        sys.exit(1)


def _fuzz(options: argparse.Namespace) -> bool:
    campaign = Campaign(folder=options.folder, leg_seconds=options.leg_seconds, seed=options.seed)
    campaign.run(options.target or NAMES, minutes=options.minutes, num_rounds=options.rounds)
    return True


def _read_folder(options: argparse.Namespace) -> bool:
    from fuzzing.collection import read_collection, remember

    assert options.path is not None, "argparse saw to it"
    outcome = read_collection(options.path, name=options.name or options.path.name, version=options.version)
    remember(outcome, options.folder / "collections.json")
    print(f"{outcome.files} files: {outcome.read} read, {outcome.refused} refused, {outcome.broken} broken")
    for sentence, count in outcome.sentences.items():
        print(f"  {count:5} x {sentence}")
    for file, failure in outcome.failures.items():
        print(f"  BROKEN {file}: {failure}")
    return outcome.broken == 0


def _replay(options: argparse.Namespace) -> bool:
    from fuzzing.replaying import replay

    failures = [failure for name in options.target or NAMES for failure in replay(load_target(name))]
    print("\n".join(failures) or "Nothing broke.")
    return not failures


def _keep(options: argparse.Namespace) -> bool:
    from fuzzing.corpus import keep_corpus

    for name in options.target or NAMES:
        kept = keep_corpus(load_target(name), options.folder / "corpus" / name)
        print(
            f"{name}: {kept.files} of {kept.of_files} inputs, {kept.bytes:,} bytes, {kept.arcs:,} steps between lines"
        )
    return True


def _report(options: argparse.Namespace) -> bool:
    from fuzzing.report import RESULTS_PATH, write_report

    figures = write_report(options.folder)
    print(
        f"{figures['minutes']} minutes, {figures['executions']:,} inputs, {figures['findings']} findings: {RESULTS_PATH}"
    )
    return True


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m fuzzing", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("doing", nargs="?", default="fuzz", choices=("fuzz", "collection", "replay", "keep", "report"))
    parser.add_argument("path", nargs="?", type=Path, help="the folder of a collection")
    parser.add_argument("--name", default="", help="of a collection (default: its folder's)")
    parser.add_argument("--version", default="", help="of a collection")
    parser.add_argument("--minutes", type=float, default=120, help="until the journal holds so many (default 120)")
    parser.add_argument("--target", action="append", choices=NAMES, help="only this one; may be repeated (default all)")
    parser.add_argument("--seed", type=int, default=1, help="of the first leg (default 1)")
    parser.add_argument("--leg-seconds", type=float, default=_LEG_SECONDS, help=f"a turn (default {_LEG_SECONDS:g})")
    parser.add_argument("--rounds", type=int, default=0, help="stop after so many turns of all; 0: by minutes alone")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help=f"to work in (default {_FOLDER})")
    options = parser.parse_args()
    if options.doing == "collection" and (options.path is None or not options.path.is_dir()):
        parser.error("name a folder of music files")
    return options


if __name__ == "__main__":
    main()
