"""What bots and workers compare before they work together."""

from __future__ import annotations

import tomllib
from pathlib import Path

from inference.checkpoint import save_checkpoint
from inference.cluster.build import RELEASE, build_id, read_checkpoint_ids

ROOT = Path(__file__).parents[3]


def test_a_build_is_named_after_the_release():
    """The release is that of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == RELEASE
    assert build_id().startswith(f"{RELEASE}-")


def test_ids_read_from_cards_are_those_of_loaded_checkpoints(tmp_path):
    """They are read without torch, and a damaged card or a folder of another network is passed over."""
    saved = save_checkpoint(
        tmp_path / "remixer", model="remixer", state={}, config={}, vocabulary_hash="v", card={"data_sets": []}
    )
    (tmp_path / "generator").mkdir()
    (tmp_path / "generator" / "model.json").write_text("no card")
    save_checkpoint(tmp_path / "jsb", model="harmonizer", state={}, config={}, vocabulary_hash="v", card={})

    assert read_checkpoint_ids(tmp_path) == {"remixer": saved}
