"""All settings, typed and frozen, read once from the environment and ``.env``. It knows nothing of their use.

``Settings`` is built in ``bot/main.py`` and the command line tools; everything else receives only its section.
Variables carry the prefix ``TUTTI_``, except the three that the outside world named first (``DISCORD_TOKEN``,
``DATABASE_URL``, ``SSL_CERT_FILE``). ``.env.example`` lists every variable; a test compares it with this file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import ConfigurationError

_MIN_KEY_LENGTH = 32

DEVICES = ("auto", "cpu", "cuda")
ENGINES = ("auto", "reference", "compiled", "compiled-int8", "graph")
_SHARD = re.compile(r"(\d{1,4})/([1-9]\d{0,4})")
_PROXY_SCHEMES = ("http://", "https://")
_CLUSTER_ADDRESS = re.compile(r"ray://[^\s/@]+:\d{1,5}")


class _Section(BaseSettings):
    model_config = SettingsConfigDict(
        env_file=".env",
        env_prefix="TUTTI_",
        extra="ignore",
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )


class DiscordSettings(_Section):
    """How the bot reaches Discord."""

    token: SecretStr = Field(default=SecretStr(""), validation_alias="DISCORD_TOKEN")
    proxy: str = Field(default="", validation_alias="TUTTI_HTTP_PROXY", description="HTTP proxy; the sandbox uses it")
    certificate_file: str = Field(default="", validation_alias="SSL_CERT_FILE", description="CA bundle of the proxy")
    signing_key: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="TUTTI_SIGNING_KEY",
        description="signs what buttons carry; several with commas between, the first signs; empty: one kept in the database",
    )
    sync_guild_id: int = Field(default=0, validation_alias="TUTTI_SYNC_GUILD_ID", description="0: sync globally")
    sync_state_file: Path = Field(default=Path("runs/command_sync.json"), validation_alias="TUTTI_SYNC_STATE")

    shard: str = Field(
        default="0/1",
        validation_alias="TUTTI_SHARD",
        description="which part of the servers this process serves, and of how many: 0/2 and 1/2 are two bots of one token",
    )

    @property
    def shard_number(self) -> int:
        """Which shard this process is, from 0."""
        return int(self.shard.partition("/")[0])

    @property
    def num_shards(self) -> int:
        """Over how many processes the servers of this token are dealt out."""
        return int(self.shard.partition("/")[2])

    @field_validator("shard")
    @classmethod
    def _know_shard(cls, shard: str) -> str:
        match = _SHARD.fullmatch(shard)
        if match is None or not int(match[1]) < int(match[2]):
            raise ValueError("it is no shard; write NUMBER/COUNT with numbers from 0, as 0/2 and 1/2 for two bots")
        return shard

    @property
    def signing_keys(self) -> tuple[str, ...]:
        """The keys, that which signs first."""
        return tuple(key.strip() for key in self.signing_key.get_secret_value().split(",") if key.strip())

    @field_validator("proxy")
    @classmethod
    def _know_proxy(cls, proxy: str) -> str:
        if proxy and not proxy.startswith(_PROXY_SCHEMES):
            raise ValueError("it is no address of a proxy; write http://HOST:PORT, or leave it empty")
        return proxy

    @field_validator("signing_key")
    @classmethod
    def _be_long(cls, given: SecretStr) -> SecretStr:
        if any(len(key.strip()) < _MIN_KEY_LENGTH for key in given.get_secret_value().split(",") if key.strip()):
            raise ValueError(f"each key needs at least {_MIN_KEY_LENGTH} characters; “openssl rand -hex 32” makes one")
        return given


class DatabaseSettings(_Section):
    """Where songs and jobs are kept."""

    url: str = Field(default="sqlite+aiosqlite:///runs/tutti.db", validation_alias="DATABASE_URL")


class InferenceSettings(_Section):
    """The worker pool."""

    num_workers: int = Field(
        default=0, ge=0, le=64, validation_alias="TUTTI_WORKERS", description="0: one for each core, at most 4"
    )
    num_lanes: int = Field(
        default=4, ge=1, le=64, validation_alias="TUTTI_LANES", description="songs that one worker writes at once"
    )
    num_spare_workers: int = Field(
        default=1,
        ge=0,
        le=64,
        validation_alias="TUTTI_SPARE_WORKERS",
        description="of the bot: loaded and idle, to take a lost worker's place at once; started while memory allows",
    )
    drain_seconds: float = Field(
        default=8.0,
        ge=0,
        validation_alias="TUTTI_DRAIN_SECONDS",
        description="how long running jobs may go on when the bot is asked to stop; the rest resumes at the next start",
    )
    weights_folder: Path = Field(default=Path("weights"), validation_alias="TUTTI_WEIGHTS")
    device: str = Field(default="auto", validation_alias="TUTTI_DEVICE", description="auto, cpu or cuda")
    engine: str = Field(
        default="auto",
        validation_alias="TUTTI_ENGINE",
        description="of the generator: auto, reference, compiled, compiled-int8 or graph",
    )
    job_timeout_seconds: float = Field(default=300.0, gt=0, validation_alias="TUTTI_JOB_TIMEOUT_SECONDS")
    hang_timeout_seconds: float = Field(default=30.0, gt=0, validation_alias="TUTTI_HANG_TIMEOUT_SECONDS")
    max_deaths: int = Field(default=3, ge=1, validation_alias="TUTTI_MAX_DEATHS")
    max_worker_bytes: int = Field(
        default=4_000_000_000,
        ge=0,
        validation_alias="TUTTI_MAX_WORKER_BYTES",
        description="resident memory of one worker; 0: no ceiling",
    )
    where: str = Field(
        default="",
        validation_alias="TUTTI_INFERENCE",
        description="empty: workers on this machine; ray://HOST:PORT: on the machines of that Ray cluster",
    )
    cluster_group: str = Field(
        default="default",
        pattern=r"^[A-Za-z0-9_-]{1,40}$",
        validation_alias="TUTTI_CLUSTER_GROUP",
        description="bots that name the same one share workers",
    )
    num_cluster_cpu_workers: int = Field(
        default=2, ge=0, le=1_000, validation_alias="TUTTI_CLUSTER_CPU_WORKERS", description="each takes one CPU"
    )
    num_cluster_gpu_workers: int = Field(
        default=0, ge=0, le=1_000, validation_alias="TUTTI_CLUSTER_GPU_WORKERS", description="each takes one GPU"
    )

    @field_validator("device")
    @classmethod
    def _know_device(cls, device: str) -> str:
        return _one_of(device, DEVICES)

    @field_validator("engine")
    @classmethod
    def _know_engine(cls, engine: str) -> str:
        return _one_of(engine, ENGINES)

    @field_validator("where")
    @classmethod
    def _know_where(cls, where: str) -> str:
        if where and not _CLUSTER_ADDRESS.fullmatch(where):
            raise ValueError(f"{where} is no address; leave it empty, or write ray://HOST:PORT, as ray://10.0.0.1:6379")
        return where

    @property
    def cluster_address(self) -> str | None:
        """Host and port of the cluster's head; ``None`` when the workers are on this machine."""
        return self.where.removeprefix("ray://") or None

    @field_validator("num_workers")
    @classmethod
    def _count_cores(cls, number: int) -> int:
        # Each takes a few hundred megabytes, so a large machine's owner decides beyond four.
        return number or min(os.cpu_count() or 1, 4)


class MediaSettings(_Section):
    """Sound, pictures and uploads."""

    num_workers: int = Field(default=1, ge=1, le=16, validation_alias="TUTTI_MEDIA_WORKERS")
    soundfont: str = Field(default="", validation_alias="TUTTI_SOUNDFONT", description="empty: the best one found")
    synthesizer: Literal["auto", "library", "program"] = Field(default="auto", validation_alias="TUTTI_SYNTHESIZER")
    early_seconds: float = Field(
        default=1.0,
        validation_alias="TUTTI_EARLY_SECONDS",
        description="first bars are heard early if the rest takes at least so long to write; below 0: never",
    )
    max_upload_bytes: int = Field(default=8_000_000, gt=0, validation_alias="TUTTI_MAX_UPLOAD_BYTES")
    max_upload_notes: int = Field(default=100_000, gt=0, validation_alias="TUTTI_MAX_UPLOAD_NOTES")
    max_upload_minutes: int = Field(default=30, gt=0, validation_alias="TUTTI_MAX_UPLOAD_MINUTES")
    max_audio_seconds: float = Field(default=300.0, gt=0, validation_alias="TUTTI_MAX_AUDIO_SECONDS")
    timeout_seconds: float = Field(default=90.0, gt=0, validation_alias="TUTTI_MEDIA_TIMEOUT_SECONDS")
    sound_cache_bytes: int = Field(
        default=64 * 2**20,
        ge=0,
        validation_alias="TUTTI_SOUND_CACHE_BYTES",
        description="of the bot's own memory, for sounds of a moment ago; 0: none",
    )


class LimitSettings(_Section):
    """What one person, one server and all together may ask for."""

    max_queued_jobs: int = Field(default=100, ge=1, validation_alias="TUTTI_MAX_QUEUED_JOBS")
    max_jobs_per_user: int = Field(default=4, ge=1, validation_alias="TUTTI_MAX_JOBS_PER_USER")
    max_jobs_per_server: int = Field(default=40, ge=1, validation_alias="TUTTI_MAX_JOBS_PER_SERVER")
    max_commands_per_minute: int = Field(
        default=30,
        ge=0,
        validation_alias="TUTTI_MAX_COMMANDS_PER_MINUTE",
        description="commands, presses and mentions of one person; quick ones count half; 0: no limit",
    )
    max_channel_commands_per_minute: int = Field(
        default=120,
        ge=0,
        validation_alias="TUTTI_MAX_CHANNEL_COMMANDS_PER_MINUTE",
        description="the same of everybody in one channel or thread; 0: no limit",
    )
    max_server_commands_per_minute: int = Field(
        default=600,
        ge=0,
        validation_alias="TUTTI_MAX_SERVER_COMMANDS_PER_MINUTE",
        description="the same of everybody on one server; 0: no limit",
    )
    max_bars: int = Field(default=64, ge=1, validation_alias="TUTTI_MAX_BARS")


class LogSettings(_Section):
    """Logs and metrics."""

    level: str = Field(default="INFO", validation_alias="TUTTI_LOG_LEVEL")
    as_json: bool = Field(default=False, validation_alias="TUTTI_LOG_JSON")
    metrics_port: int = Field(default=0, ge=0, le=65535, validation_alias="TUTTI_METRICS_PORT", description="0: off")
    metrics_host: str = Field(default="127.0.0.1", min_length=1, validation_alias="TUTTI_METRICS_HOST")

    @field_validator("level")
    @classmethod
    def _know_level(cls, level: str) -> str:
        _one_of(level.upper(), ("DEBUG", "INFO", "WARNING", "ERROR"))
        return level


class TrainingSettings(_Section):
    """Where training finds its data sets and keeps its runs."""

    data_folder: Path = Field(default=Path("../shared/data"), validation_alias="TUTTI_DATA")
    runs_folder: Path = Field(default=Path("runs"), validation_alias="TUTTI_RUNS")


class Settings:
    """Every section, built once."""

    def __init__(self, **overrides: Any) -> None:
        self.discord: DiscordSettings = _build(DiscordSettings, overrides)
        self.database: DatabaseSettings = _build(DatabaseSettings, overrides)
        self.inference: InferenceSettings = _build(InferenceSettings, overrides)
        self.media: MediaSettings = _build(MediaSettings, overrides)
        self.limits: LimitSettings = _build(LimitSettings, overrides)
        self.log: LogSettings = _build(LogSettings, overrides)
        self.training: TrainingSettings = _build(TrainingSettings, overrides)


def _build(section: type[Any], overrides: dict[str, Any]) -> Any:
    """Build one section, taking those overrides (by variable name) that belong to it."""
    names = {str(info.validation_alias) for info in section.model_fields.values()}
    try:
        return section(**{name: value for name, value in overrides.items() if name in names})
    except ValidationError as error:
        first = error.errors()[0]
        variable = str(first["loc"][0])
        what = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(
            f"{variable}: {what}. Correct it in .env or in the environment, or take it out: "
            f"then it is {_default_of(section, variable)}.",
            variable=variable,
        ) from error


def _default_of(section: type[BaseSettings], variable: str) -> str:
    """Return a setting's default in words; secrets have none worth showing."""
    info = next(each for each in section.model_fields.values() if each.validation_alias == variable)
    return "empty" if isinstance(info.default, SecretStr) or info.default == "" else str(info.default)


def _one_of(value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ValueError(f"it must be one of {', '.join(choices)}")
    return value
