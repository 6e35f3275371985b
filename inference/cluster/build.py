"""What tells one build of Tutti from another where they must understand each other. It knows nothing of who compares.

Two machines that write a song together must speak the same protocol; whether they have the same weights, the checkpoints' own ids
say. A build is named after its release and the shape of its messages, so a bot and a worker of different versions find out before
the first job and not from the middle of one.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, cast

import msgspec

from inference.protocol import FromWorker, ToWorker, WorkerSetup

RELEASE = "0.1.0"
_CARD_NAME = "model.json"  # of ``inference.checkpoint``, which would bring torch


def build_id() -> str:
    """Return a short name of this build, as ``0.1.0-1a2b3c4d``."""
    shapes = msgspec.json.schema_components([ToWorker, FromWorker, WorkerSetup])
    digest = hashlib.sha256(json.dumps(shapes, sort_keys=True).encode()).hexdigest()
    return f"{RELEASE}-{digest[:8]}"


def read_checkpoint_ids(weights_folder: Path) -> dict[str, str]:
    """Return the ids that the checkpoints in a folder will have once loaded, by network; unreadable ones are left to loading."""
    ids: dict[str, str] = {}
    for path in sorted(weights_folder.glob(f"*/{_CARD_NAME}")):
        try:
            content: object = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        card = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
        model, digest = card.get("model"), card.get("weights_sha256")
        if model == path.parent.name and isinstance(digest, str):
            ids[path.parent.name] = f"{model}-{digest[:12]}"
    return ids
