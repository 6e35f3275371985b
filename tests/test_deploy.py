"""The files that operators install fit the program: every path, setting, command and number in them exists."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.metrics import PrometheusMetrics
from core.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SETTINGS = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, each on one line, without remarks."""
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in joined if line.strip()]


def copied_sources() -> list[str]:
    """What the image takes from the repository."""
    words = [shlex.split(rest) for name, rest in instructions() if name == "COPY"]
    return [source for parts in words if not parts[0].startswith("--from") for source in parts[:-1]]


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((ROOT / "docs" / "dashboards" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def seconds_of(duration: str) -> float:
    """Read what systemd and compose call 75, 75s or 2m."""
    number, unit = re.fullmatch(r"(\d+)(s|m|)", duration).groups()
    return int(number) * (60 if unit == "m" else 1)


# --- the image


@pytest.mark.parametrize("source", copied_sources())
def test_everything_the_image_copies_is_there_and_let_in(source):
    """A path that is gone, or that .dockerignore keeps out, would fail the build."""
    let_in = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)

    assert (ROOT / source).exists()
    assert source in let_in


def test_the_build_sees_no_secrets_and_nothing_superfluous():
    """All is kept out first; what is let in is what is copied, and no .env within it."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    assert rules[0] == "*"
    assert sorted(rule[1:] for rule in rules if rule.startswith("!")) == sorted(copied_sources())
    assert "**/.env" in rules
    values = " ".join(rest for name, rest in instructions() if name in ("ENV", "ARG"))
    assert not re.search(r"TOKEN|PASSWORD|SECRET|DATABASE_URL", values)


def test_the_copied_files_are_enough_to_run(tmp_path):
    """The bot, its command line, its workers and its media children import without the rest of the repository."""
    for source in copied_sources():
        if (ROOT / source).suffix != ".lock" and not source.startswith("scripts"):
            (tmp_path / source).symlink_to(ROOT / source)
    program = "import bot.main, bot.cli, bot.monitor, bot.client, media.worker, inference.worker, importlib\n"
    program += "for name in bot.client.EXTENSIONS: importlib.import_module(name)\n"
    program += "import sys; print({name.split('.')[0] for name in sys.modules})"

    ran = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, '.')\n{program}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert not {"training", "sandbox", "soak", "benchmarks", "tests"} & set(re.findall(r"'(\w+)'", ran.stdout))


def test_the_bot_runs_as_nobody_and_gets_its_signals_itself():
    """A shell in between would keep SIGTERM from the bot, and nothing would be drained."""
    users = [rest for name, rest in instructions() if name == "USER"]
    (command,) = [rest for name, rest in instructions() if name == "CMD"]

    assert users == ["tutti"]
    assert yaml.safe_load(command) == ["python", "bot.py"]
    assert ("STOPSIGNAL", "SIGTERM") in instructions()


def test_the_health_check_asks_where_the_monitor_answers():
    """Same port, and a path that the monitor serves."""
    (check,) = [rest for name, rest in instructions() if name == "HEALTHCHECK"]
    environment = " ".join(rest for name, rest in instructions() if name == "ENV")
    (port,) = re.findall(r"TUTTI_METRICS_PORT=(\d+)", environment)

    assert f"http://127.0.0.1:{port}/health" in check
    assert 'add_get("/health"' in (ROOT / "bot" / "monitor.py").read_text(encoding="utf-8")
    assert COMPOSE["services"]["bot"]["ports"] == [f"127.0.0.1:{port}:{port}"]  # no password, so not for the world


def test_every_setting_in_the_image_and_the_compose_file_exists():
    """A misspelt name would be ignored in silence."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    used = set(re.findall(r"\b(TUTTI_[A-Z_]+)=", text))
    used |= set(COMPOSE["services"]["bot"]["environment"])

    assert used <= SETTINGS


# --- the compose file


def test_compose_names_every_variable_in_its_example():
    """And every variable of the example is used."""
    text = re.sub(r"^\s*#.*$", "", (DEPLOY / "compose.yaml").read_text(encoding="utf-8"), flags=re.MULTILINE)
    used = set(re.findall(r"\$\{([A-Z_]+)", text))
    offered = re.findall(
        r"^([A-Z_]+)=(.*)$", (DEPLOY / "compose.env.example").read_text(encoding="utf-8"), re.MULTILINE
    )

    assert used == {name for name, _ in offered}
    assert not [name for name, value in offered if value and ("TOKEN" in name or "PASSWORD" in name)]


def test_compose_keeps_what_must_last_and_waits_for_the_database():
    """Each volume is declared; the bot's is where it writes; the bot starts when PostgreSQL answers."""
    bot, database = COMPOSE["services"]["bot"], COMPOSE["services"]["database"]
    (image_volume,) = [yaml.safe_load(rest)[0] for name, rest in instructions() if name == "VOLUME"]

    assert {volume.split(":")[0] for service in (bot, database) for volume in service["volumes"]} == set(
        COMPOSE["volumes"]
    )
    assert [volume.split(":")[1] for volume in bot["volumes"]] == [image_volume]
    assert bot["depends_on"]["database"]["condition"] == "service_healthy"
    assert database["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    assert "ports" not in database


def test_compose_gives_the_bot_no_rights_it_does_not_need():
    """Read-only files, no capabilities, no way to new ones."""
    bot = COMPOSE["services"]["bot"]

    assert bot["read_only"] is True
    assert bot["cap_drop"] == ["ALL"]
    assert bot["security_opt"] == ["no-new-privileges:true"]
    assert (ROOT / COMPOSE["services"]["bot"]["build"]["dockerfile"]).is_file()
    assert (DEPLOY / COMPOSE["services"]["bot"]["build"]["context"]).resolve() == ROOT


def test_jobs_are_given_their_time_before_the_end():
    """Whoever stops the bot waits longer than the bot waits for running jobs."""
    bot = COMPOSE["services"]["bot"]
    unit = read_unit()["Service"]
    default_seconds = Settings().inference.drain_seconds

    assert seconds_of(bot["stop_grace_period"]) >= float(bot["environment"]["TUTTI_DRAIN_SECONDS"]) + 30
    assert seconds_of(unit["TimeoutStopSec"]) >= default_seconds + 30


# --- the unit


def read_unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str
    parser.read(DEPLOY / "tutti.service", encoding="utf-8")
    return parser


def test_the_unit_starts_what_make_run_installs():
    """The interpreter of the Makefile, the start file of the repository, and a place to write."""
    unit = read_unit()["Service"]
    folder = unit["WorkingDirectory"]
    interpreter, program = unit["ExecStart"].split()

    assert interpreter == f"{folder}/.venv/bin/python"
    assert (ROOT / program).is_file()
    assert unit["ReadWritePaths"] == f"{folder}/runs"
    assert unit["KillMode"] == "mixed"


def test_the_unit_of_a_node_joins_as_the_page_about_clusters_says():
    """Its command, its variables and its page are there; it gets neither the bot's token nor the database."""
    text = (DEPLOY / "tutti-node.service").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")

    assert "ray start --block --address=${HEAD}" in text
    assert "Environment=TUTTI_WEIGHTS=/opt/tutti/app/weights" in text
    assert "TUTTI_WEIGHTS=/opt/tutti/app/weights .venv/bin/ray start --address=HEAD:6379" in page
    assert "deploy/tutti-node.service" in page
    assert not re.search(r"DISCORD_TOKEN|DATABASE_URL|/\.env", text)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_understands_the_unit(tmp_path):
    """With an interpreter and a user that exist here, there is not one complaint."""
    text = (DEPLOY / "tutti.service").read_text(encoding="utf-8")
    text = text.replace("/opt/tutti/app/.venv/bin/python", sys.executable).replace("User=tutti", "User=root")
    (tmp_path / "tutti.service").write_text(text, encoding="utf-8")

    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "tutti.service")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "tutti.service" not in said.stderr
    assert said.returncode == 0


# --- the alerts


def test_alerts_say_who_is_woken_and_why():
    """Each has a severity, a sentence, and a name of its own."""
    assert len({alert["alert"] for alert in alerts()}) == len(alerts())
    for alert in alerts():
        assert alert["labels"]["severity"] in ("page", "warn"), alert["alert"]
        assert len(alert["annotations"]["summary"]) > 20, alert["alert"]


def test_alerts_on_waiting_times_lie_within_what_is_measured():
    """A quantile is never above the last bucket: a threshold beyond it would never be passed."""
    registry = PrometheusMetrics()
    registry.observe_acknowledge_seconds(0.1)
    registry.observe_reply_seconds(task="generate", seconds=1)
    buckets = {
        family.name: [float(sample.labels["le"]) for sample in family.samples if sample.name.endswith("_bucket")][:-1]
        for family in registry.registry.collect()
    }
    found = [re.search(r"histogram_quantile\(.*?(tutti_\w+)_bucket.*> ([\d.]+)$", alert["expr"]) for alert in alerts()]
    thresholds = {match[1]: float(match[2]) for match in found if match}

    assert set(thresholds) == {"tutti_reply_seconds", "tutti_acknowledge_seconds"}
    for name, threshold in thresholds.items():
        assert buckets[name][0] < threshold < buckets[name][-1], name


def test_alerts_come_before_the_limits_they_warn_of():
    """Of memory before a worker is replaced, of a queue before it is full, of lateness before Discord gives up."""
    above = {
        alert["alert"]: float(found[1])
        for alert in alerts()
        if (found := re.search(r"> ([\d.]+(?:e\d)?)(?: and .*)?$", alert["expr"]))
    }
    settings = Settings()

    assert 1e9 < above["TuttiWorkerMemory"] < settings.inference.max_worker_bytes
    assert 0 < float(re.search(r"> (\d+)", alert_named("TuttiQueueGrows"))[1]) < settings.limits.max_queued_jobs
    assert above["TuttiLateAcknowledgements"] < 3


def alert_named(name: str) -> str:
    return next(alert["expr"] for alert in alerts() if alert["alert"] == name)
