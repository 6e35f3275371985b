"""Settings are typed, frozen, listed for people, and refuse nonsense by the variable's name."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from core import settings as module
from core.errors import ConfigurationError
from core.settings import LimitSettings, Settings

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = [
    section
    for section in vars(module).values()
    if isinstance(section, type) and issubclass(section, BaseSettings) and not section.__name__.startswith("_")
    if section is not BaseSettings
]
VARIABLES = {info.validation_alias for section in SECTIONS for info in section.model_fields.values()}


def read_example():
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


def test_example_file_lists_every_variable_and_no_other():
    assert set(read_example()) == VARIABLES


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_example_file_shows_the_defaults(section):
    assert section(_env_file=ROOT / ".env.example") == section(_env_file=None)


def test_variable_of_the_environment_wins(monkeypatch):
    monkeypatch.setenv("TUTTI_MAX_BARS", "12")
    assert Settings().limits.max_bars == 12


def test_override_reaches_its_section():
    assert Settings(TUTTI_MAX_BARS=9, TUTTI_WORKERS=2).inference.num_workers == 2


def test_wrong_value_names_the_variable(monkeypatch):
    monkeypatch.setenv("TUTTI_MAX_BARS", "many")
    with pytest.raises(ConfigurationError, match="TUTTI_MAX_BARS") as caught:
        Settings()
    assert caught.value.variable == "TUTTI_MAX_BARS"


def test_unknown_level_of_the_log_names_those_there_are(monkeypatch):
    monkeypatch.setenv("TUTTI_LOG_LEVEL", "loud")
    with pytest.raises(ConfigurationError, match=r"TUTTI_LOG_LEVEL.*one of DEBUG, INFO"):
        Settings()
    monkeypatch.setenv("TUTTI_LOG_LEVEL", "debug")
    assert Settings().log.level == "debug"


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        LimitSettings().max_bars = 3


def test_token_is_masked(monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "very-secret")
    assert "very-secret" not in repr(Settings().discord)


# What may be wrong with each setting that can be wrong: any text is a token, a path, an address of a database (told at the start).
WRONG = {
    "TUTTI_HTTP_PROXY": ("proxy:3128",),
    "TUTTI_SIGNING_KEY": ("short",),
    "TUTTI_SYNC_GUILD_ID": ("here",),
    "TUTTI_SHARD": ("1", "2/2", "0/0", "one/two"),
    "TUTTI_WORKERS": ("many", "-1", "65"),
    "TUTTI_LANES": ("0", "1.5"),
    "TUTTI_SPARE_WORKERS": ("-1",),
    "TUTTI_DRAIN_SECONDS": ("-1", "soon", "inf", "nan"),
    "TUTTI_DEVICE": ("tpu", "CPU"),
    "TUTTI_ENGINE": ("warp",),
    "TUTTI_JOB_TIMEOUT_SECONDS": ("0", "inf"),
    "TUTTI_HANG_TIMEOUT_SECONDS": ("0",),
    "TUTTI_MAX_DEATHS": ("0",),
    "TUTTI_MAX_WORKER_BYTES": ("-1", "4 GB"),
    "TUTTI_INFERENCE": ("10.0.0.1:6379", "ray://nowhere"),
    "TUTTI_CLUSTER_GROUP": ("two words", ""),
    "TUTTI_CLUSTER_CPU_WORKERS": ("-1",),
    "TUTTI_CLUSTER_GPU_WORKERS": ("x",),
    "TUTTI_MEDIA_WORKERS": ("0", "17"),
    "TUTTI_SYNTHESIZER": ("piano",),
    "TUTTI_EARLY_SECONDS": ("soon",),
    "TUTTI_MAX_UPLOAD_BYTES": ("0",),
    "TUTTI_MAX_UPLOAD_NOTES": ("0",),
    "TUTTI_MAX_UPLOAD_MINUTES": ("0",),
    "TUTTI_MAX_AUDIO_SECONDS": ("0",),
    "TUTTI_MEDIA_TIMEOUT_SECONDS": ("0",),
    "TUTTI_SOUND_CACHE_BYTES": ("-1",),
    "TUTTI_MAX_QUEUED_JOBS": ("0",),
    "TUTTI_MAX_JOBS_PER_USER": ("0",),
    "TUTTI_MAX_JOBS_PER_SERVER": ("0",),
    "TUTTI_MAX_COMMANDS_PER_MINUTE": ("-1",),
    "TUTTI_MAX_CHANNEL_COMMANDS_PER_MINUTE": ("-1",),
    "TUTTI_MAX_SERVER_COMMANDS_PER_MINUTE": ("-1",),
    "TUTTI_MAX_BARS": ("0",),
    "TUTTI_LOG_LEVEL": ("loud",),
    "TUTTI_LOG_JSON": ("perhaps",),
    "TUTTI_METRICS_PORT": ("65536", "-1"),
    "TUTTI_METRICS_HOST": ("",),
}
ANY_TEXT = {
    "DISCORD_TOKEN", "SSL_CERT_FILE", "TUTTI_SYNC_STATE", "DATABASE_URL", "TUTTI_WEIGHTS", "TUTTI_SOUNDFONT", "TUTTI_DATA", "TUTTI_RUNS",
}  # fmt: skip


def test_every_setting_is_tried_with_what_is_wrong_for_it():
    """A new setting needs a line in the table of this test, or is one that takes any text."""
    assert set(WRONG) | ANY_TEXT == VARIABLES


@pytest.mark.parametrize(("variable", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_value_is_told_in_one_sentence_with_the_remedy(monkeypatch, variable, value):
    """It begins with the variable, says where to correct it, and what it would be without."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as caught:
        Settings()

    assert caught.value.variable == variable
    text = str(caught.value)
    assert text.startswith(f"{variable}: ")
    assert "Correct it in .env" in text
    assert "\n" not in text
