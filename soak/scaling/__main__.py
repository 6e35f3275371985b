"""`make scaling`: what communities of 1,000, 100,000 and 10 million need, by arithmetic on measured rates and by simulation.

It writes docs/results/scaling.json, and the table and the picture of docs/scaling.md. The same seed gives the same numbers, but for the
processor time of the simulation itself. `python -m soak.scaling measure` measures the rates anew.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.results import describe_machine
from core.log import configure_logging
from core.settings import Settings
from soak.scaling.assumptions import Assumptions
from soak.scaling.decision_cost import measure_decisions
from soak.scaling.measuring import measure
from soak.scaling.page import draw_curves, write_tables
from soak.scaling.rates import RATES_NAME, RESULTS_FOLDER, read_rates
from soak.scaling.scenarios import run_communities, run_curves
from soak.scaling.validity import hold_against_theory

COMMUNITIES = (1_000, 100_000, 10_000_000)
_PAGE = Path("docs/scaling.md")
_PICTURE = Path("docs/images/scaling.png")


def main() -> None:
    """Do what was asked for."""
    options = _parse()
    configure_logging(Settings(TUTTI_LOG_LEVEL="INFO").log)
    if options.what == "measure":
        measure(
            path=options.results / RATES_NAME,
            num_seeds=options.seeds,
            num_jobs=options.jobs,
            postgresql_url=options.postgresql,
        )
        return
    assumptions = Assumptions(**{each.name: getattr(options, each.name) for each in _numbers()})
    rates = read_rates(options.results)
    content: dict[str, Any] = {
        "computed": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "seed": options.seed,
        "assumptions": {each.name: getattr(assumptions, each.name) for each in _numbers()}
        | {"mix": dict(assumptions.mix), "lengths": dict(assumptions.lengths)},
        "communities": run_communities(assumptions, rates, options.users, seed=options.seed),
        "curves": run_curves(assumptions, rates, seed=options.seed),
        "theory": hold_against_theory(seed=options.seed),
        "decisions": measure_decisions(),
    }
    path = options.results / "scaling.json"
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draw_curves(content["curves"], options.picture)
    write_tables(content, rates, assumptions, page=options.page)


def _numbers() -> list[Any]:
    return [each for each in fields(Assumptions) if each.type == "float"]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m soak.scaling", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("simulate", "measure"), default="simulate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--users", type=int, nargs="+", default=list(COMMUNITIES), help="sizes of communities")
    for each in _numbers():
        name = each.name.replace("_", "-")
        parser.add_argument(f"--{name}", dest=each.name, type=float, default=each.default, help="an assumption")
    parser.add_argument("--results", type=Path, default=RESULTS_FOLDER, help="where measured rates are, and go")
    parser.add_argument("--page", type=Path, default=_PAGE)
    parser.add_argument("--picture", type=Path, default=_PICTURE)
    parser.add_argument("--seeds", type=int, default=4, help="measure: pieces of each kind and length")
    parser.add_argument("--jobs", type=int, default=320, help="measure: written to each database")
    parser.add_argument("--postgresql", default="", help="measure: address of an empty PostgreSQL database")
    return parser.parse_args()


if __name__ == "__main__":
    main()
