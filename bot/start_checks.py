"""What can be seen to be wrong before anything is started: files and folders that settings name. It starts nothing.

What only shows later is told by whoever meets it: the database (``db/troubles.py``), Discord and its token (``bot/main.py``), the
port (``bot/monitor.py``), weights that are there and broken (the workers).
"""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import ConfigurationError
from core.settings import Settings


def check_start(settings: Settings) -> None:
    """Refuse to start with what cannot work.

    Raises:
        ConfigurationError: naming the variable, and what to do.
    """
    weights = settings.inference.weights_folder
    if not settings.inference.where and not weights.is_dir():  # else they are on the machines of the cluster
        raise ConfigurationError(
            f"TUTTI_WEIGHTS: there is no folder {weights}. Name the folder with the networks; in Tutti's own folder it is “weights”.",
            variable="TUTTI_WEIGHTS",
        )
    soundfont = settings.media.soundfont
    if soundfont and not os.access(soundfont, os.R_OK):
        raise ConfigurationError(
            f"TUTTI_SOUNDFONT: {soundfont} cannot be read. Name a file in SF2 or SF3 form, or leave it empty for the best one found.",
            variable="TUTTI_SOUNDFONT",
        )
    certificates = settings.discord.certificate_file
    if certificates and not os.access(certificates, os.R_OK):
        raise ConfigurationError(
            f"SSL_CERT_FILE: the certificates in {certificates} cannot be read. Name a PEM file, or leave it empty for the system's own.",
            variable="SSL_CERT_FILE",
        )
    _check_writable(settings.discord.sync_state_file.parent)


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror
    else:
        if os.access(folder, os.W_OK):
            return
        reason = "Permission denied"
    raise ConfigurationError(
        f"TUTTI_SYNC_STATE: nothing can be written into {folder} ({reason}). Let the bot's user write there, or name another place.",
        variable="TUTTI_SYNC_STATE",
    )
