"""`make fuzz MINUTES=120`: fuzz every way into Tutti in turn, and keep what was found.

python -m fuzzing                        fuzz until runs/fuzzing holds two hours (it goes on where it stopped)
python -m fuzzing collection FOLDER      read every file of a folder: how many are read, refused, broken
python -m fuzzing replay                 every kept input and finding once, without the fuzzer
python -m fuzzing keep                   make fuzzing/corpus out of what a campaign found: small, nothing twice
python -m fuzzing report                 write docs/results/fuzzing.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fuzzing.campaign import Campaign
from fuzzing.targets.registry import NAMES

_FOLDER = Path("runs/fuzzing")
_LEG_SECONDS = 180.0


def main() -> None:
    """Do what was asked for."""
    options = _parse()
    Campaign(folder=options.folder, leg_seconds=options.leg_seconds, seed=options.seed).run(
        options.target or NAMES, minutes=options.minutes, num_rounds=options.rounds
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m fuzzing", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=120, help="until the journal holds so many (default 120)")
    parser.add_argument("--target", action="append", choices=NAMES, help="only this one; may be repeated (default all)")
    parser.add_argument("--seed", type=int, default=1, help="of the first leg (default 1)")
    parser.add_argument("--leg-seconds", type=float, default=_LEG_SECONDS, help=f"a turn (default {_LEG_SECONDS:g})")
    parser.add_argument("--rounds", type=int, default=0, help="stop after so many turns of all; 0: by minutes alone")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help=f"to work in (default {_FOLDER})")
    return parser.parse_args()


if __name__ == "__main__":
    main()
