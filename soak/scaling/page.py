"""Writes the tables of docs/scaling.md between their marks, and draws its picture. It computes nothing but sums and shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from soak.scaling.assumptions import Assumptions
from soak.scaling.rates import Rates

_BEGIN, _END = "<!-- {name}: written by make scaling -->", "<!-- end of {name} -->"


def write_tables(content: dict[str, Any], rates: Rates, assumptions: Assumptions, *, page: Path) -> None:
    """Put every table into its place in the page."""
    text = page.read_text(encoding="utf-8")
    tables = {
        "rates": _rates_table(rates, assumptions),
        "needs": _needs_table(content["communities"], rates),
        "waits": _waits_table(content["communities"]),
        "theory": _theory_table(content["theory"]),
        "decisions": _decisions_table(content["decisions"]),
    }
    for name, table in tables.items():
        begin, end = _BEGIN.format(name=name), _END.format(name=name)
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{table}\n{end}{after}"
    page.write_text(text, encoding="utf-8")


def draw_curves(curves: Iterable[Sequence[Mapping[str, float]]], path: Path) -> None:
    """Draw what one bot's people see at the peak, by their number: above how long they wait, below how many are turned away."""
    figure = Figure(figsize=(7.5, 5.6), layout="constrained")
    waits, refusals = figure.subplots(2, sharex=True, height_ratios=(2, 1))
    for curve in curves:
        num_workers = round(curve[0]["num_workers"])
        num_users = [point["num_users"] for point in curve]
        label = f"{num_workers} worker{'s' if num_workers > 1 else ''}"
        waits.plot(num_users, [point["wait_p95"] for point in curve], marker=".", label=label)
        refusals.plot(num_users, [100 * (1 - point["share_served"]) for point in curve], marker=".")
    for goal in (5, 30):
        waits.axhline(goal, color="0.6", linestyle=":")
    waits.set(xscale="log", yscale="symlog", ylabel="95th percentile of waits, s", ylim=(-0.1, None))
    waits.set_title("What one bot with so many workers bears at the peak of a day")
    waits.legend()
    refusals.set(xlabel="users of one bot", ylabel="turned away, %")
    refusals.xaxis.set_major_formatter("{x:,.0f}")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rates_table(rates: Rates, assumptions: Assumptions) -> str:
    own, bench, soak = "scaling_rates.json", "bench.json", "soak.json"
    rows = [
        [f"writing: {kind}, {bars} bars", f"{seconds:.2f} s of a core", own]
        for (kind, bars), seconds in sorted(rates.mean_worker_seconds.items())
    ]
    rows += [
        ["writing, mean of the mix", f"{assumptions.mean_of(rates.mean_worker_seconds):.2f} s of a core", own],
        ["sound, picture and file, mean of the mix", f"{assumptions.mean_of(rates.media_seconds):.2f} s of a core", own],
        ["the bot's process, a job and its database", f"{assumptions.mean_of(rates.bot_seconds):.3f} s of a core", own],
        ["the bot's process, Discord's interface", f"{rates.order_seconds:.3f} s of a core for an order", own],
        ["n songs in n lanes", f"n^{rates.lane_exponent:.2f} times as slow as one", own],
        *(
            [f"a job's rows in {name}, bot's side", f"{each:.3f} s of a core ({rates.jobs_per_second[name]:.3g} jobs a second passed)", own]
            for name, each in rates.stored_job_seconds.items()
        ),
        ["transactions for a job", f"{rates.transactions_per_job:.3g}", own],
        ["database for a stored piece", f"{rates.bytes_per_piece / 1000:.0f} kB", own],
        ["until a worker is ready", f"{rates.load_seconds:.1f} s", own],
        ["killed worker: its jobs go on, with a spare", f"{rates.noticed_seconds:.3f} s", soak],
        ["memory of a worker; of the bot", f"{rates.worker_mib:.0f} MiB; {rates.bot_mib:.0f} MiB", bench],
    ]  # fmt: skip
    return _table(["measured", "rate", "docs/results/"], rows)


def _needs_table(communities: Sequence[dict[str, Any]], rates: Rates) -> str:
    rows: list[list[str]] = []
    heading = ["", *(f"{each['num_users']:,} users" for each in communities)]

    def row(name: str, values: Iterable[str]) -> None:
        rows.append([name, *values])

    row("wishes a day", (f"{each['wishes_per_day']:,.0f}" for each in communities))
    row("wishes a second at the peak", (f"{each['peak_per_second']:.3g}" for each in communities))
    row("bots (processes with a token's shards)", (str(each["share"]["num_bots"]) for each in communities))
    row("servers for each bot", (f"{each['num_servers'] / each['share']['num_bots']:,.0f}" for each in communities))
    row("cores of writing at the peak, alone", (_times(each, each["share"]["worker_cores"]) for each in communities))
    row("cores of sound at the peak", (_times(each, each["share"]["media_cores"]) for each in communities))
    for goal in communities[0]["goals"]:
        row(
            f"workers, 95 % wait under {goal} s", (_times(each, each["goals"][goal]["workers"]) for each in communities)
        )
        row("media children, the same", (_times(each, each["goals"][goal]["media_workers"]) for each in communities))
    row("workers under 5 s if all bots shared them", (_pooled(each, "workers") for each in communities))
    row("cores in all, under 5 s", (f"{_cores(each):,}" for each in communities))
    row("memory in all", (f"{_gibibytes(each, rates):,.1f} GiB" for each in communities))
    row("database transactions a second", (f"{each['transactions_per_second']:,.3g}" for each in communities))
    row("database growth a year, if all is kept", (f"{each['gigabytes_per_year']:,.3g} GB" for each in communities))
    row("Discord's shards of 2,500 servers", (f"{-(-each['num_servers'] // 2500):,}" for each in communities))
    return _table(heading, rows)


def _times(community: dict[str, Any], value: float) -> str:
    num_bots = community["share"]["num_bots"]
    text = f"{value:.3g}"
    return text if num_bots == 1 else f"{num_bots} × {text} = {num_bots * value:,.0f}"


def _pooled(community: dict[str, Any], name: str) -> str:
    return "as above" if community["pooled"] is None else f"{community['pooled'][name]:,}"


def _cores(community: dict[str, Any]) -> int:
    strict = community["goals"]["5"]
    return community["share"]["num_bots"] * (strict["workers"] + strict["media_workers"] + 1)


def _gibibytes(community: dict[str, Any], rates: Rates) -> float:
    workers = community["goals"]["5"]["workers"] + 1  # a spare
    return community["share"]["num_bots"] * (workers * rates.worker_mib + rates.bot_mib) / 1024


def _waits_table(communities: Sequence[dict[str, Any]]) -> str:
    rows: list[list[str]] = []
    for community in communities:
        for name, window in community["windows"].items():
            for group, waits in window["groups"].items():
                rows.append(
                    [
                        f"{community['num_users']:,}",
                        name,
                        group,
                        f"{waits['num']:,}",
                        " / ".join(f"{waits[key]:.1f}" for key in ("wait_p50", "wait_p95", "wait_p99")),
                        " / ".join(f"{waits[key]:.1f}" for key in ("reply_p50", "reply_p95")),
                        f"{waits['num_refused']:,}",
                        f"{100 * window['utilisation']:.0f} %",
                    ]
                )
    heading = [
        "users", "minutes", "who", "served", "wait, s: 50 / 95 / 99 %", "whole reply, s: 50 / 95 %", "turned away",
        "workers busy",
    ]  # fmt: skip
    ratios = ", ".join(
        f"{each['fairness']['longest_over_shortest']:.2f} ({each['num_users']:,} users; {each['fairness']['num_people']} people)"
        for each in communities
    )
    return f"{_table(heading, rows)}\n\nLongest mean wait over shortest among people who ask for the same (row 17): {ratios}."


def _theory_table(cases: Sequence[dict[str, Any]]) -> str:
    return _table(
        [
            "workers",
            "offered load",
            "simulated",
            "first come, same arrivals",
            "first come, in the long run",
            "Erlang C",
        ],
        [
            [
                str(case["num_workers"]),
                f"{case['offered_load']:g}",
                f"{case['simulated_seconds']:.4f} s",
                f"{case['first_come_on_the_same_arrivals_seconds']:.4f} s",
                f"{case['first_come_in_the_long_run_seconds']:.4f} s",
                f"{case['erlang_c_seconds']:.4f} s",
            ]
            for case in cases
        ],
    )


def _decisions_table(rows: Sequence[dict[str, Any]]) -> str:
    return _table(
        ["waiting", "on servers", "an arrival", "a decision", "a forecast", "a place asked for"],
        [
            [
                f"{row['waiting']:,}",
                f"{row['servers']:,}",
                f"{1e6 * row['arrival_seconds']:.0f} µs",
                f"{1e6 * row['decision_seconds']:.0f} µs",
                f"{1e3 * row['forecast_seconds']:.0f} ms",
                f"{1e6 * row['place_seconds']:.1f} µs",
            ]
            for row in rows
        ],
    )
