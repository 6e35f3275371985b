"""What operators import and read uses names that the bot really tells."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Metric

from core.metrics import PrometheusMetrics

DOCS = Path(__file__).resolve().parent.parent / "docs"
DASHBOARD = DOCS / "dashboards" / "tutti.json"
NAME = re.compile(r"\b(?:tutti|process)_[a-z_]+")
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


def sample_names() -> set[str]:
    """The names that can follow from the registry, also of metrics that have counted nothing yet."""
    families: list[Metric] = list(PrometheusMetrics().registry.collect())
    return {family.name + suffix for family in families for suffix in SUFFIXES.get(family.type, ())}


def expressions(panels: list[dict[str, Any]]) -> list[str]:
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


def test_every_query_of_the_dashboard_asks_for_a_number_that_exists():
    """A renamed metric would leave an empty panel that nobody notices."""
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    queries = expressions(board["panels"])

    assert len(queries) > 20
    for query in queries:
        names = set(NAME.findall(query))
        assert names, query
        assert names <= sample_names(), query


def test_every_metric_of_ours_is_on_the_dashboard():
    """What is worth counting is worth seeing."""
    shown = " ".join(expressions(json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]))
    for family in PrometheusMetrics().registry.collect():
        if family.name.startswith("tutti_"):
            assert family.name in shown


def test_panels_have_titles_numbers_and_places_of_their_own():
    """Grafana refuses or hides what overlaps."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert panel["title"]
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_alerts_ask_for_numbers_that_exist():
    """An alert on a name that is gone never fires."""
    text = (DOCS / "dashboards" / "alerts.yml").read_text(encoding="utf-8")
    names = set(NAME.findall("\n".join(re.findall(r"expr: (.*)", text))))

    assert len(names) >= 10
    assert names <= sample_names()


@pytest.mark.parametrize("family", sorted(family.name for family in PrometheusMetrics().registry.collect()))
def test_operations_explain_every_metric_of_ours(family):
    """By its full name."""
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    if family.startswith("tutti_"):
        assert family in text


def test_operations_explain_every_alert():
    """Each says what to do."""
    alerts = re.findall(r"alert: (\w+)", (DOCS / "dashboards" / "alerts.yml").read_text(encoding="utf-8"))
    text = (DOCS / "operations.md").read_text(encoding="utf-8")

    assert not [alert for alert in alerts if alert not in text]
