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
    with pytest.raises(ConfigurationError, match=r"TUTTI_LOG_LEVEL.*choose DEBUG, INFO"):
        Settings()
    monkeypatch.setenv("TUTTI_LOG_LEVEL", "debug")
    assert Settings().log.level == "debug"


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        LimitSettings().max_bars = 3


def test_token_is_masked(monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "very-secret")
    assert "very-secret" not in repr(Settings().discord)
