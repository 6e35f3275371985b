"""The command prints a report that programs and people can read."""

import json

from typer.testing import CliRunner

from music.midi import write_midi
from tests.factories.pieces import make_band
from training import prepare


def test_the_report_is_json_or_tables(tmp_path, monkeypatch):
    """On a folder of full Lakh's shape; the second call finds the corpus ready."""
    path = tmp_path / "data" / "lmd_full" / "0" / "00aa.mid"
    path.parent.mkdir(parents=True)
    path.write_bytes(write_midi(make_band(12)))
    (tmp_path / "small.toml").write_text('[corpus]\nname = "small"\nsets = [{ name = "lmd_full" }]\n')
    monkeypatch.setattr(prepare, "CONFIGS", tmp_path)
    monkeypatch.setenv("TUTTI_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TUTTI_RUNS", str(tmp_path / "runs"))
    runner, app = CliRunner(), prepare.app
    done = runner.invoke(app, ["small", "--json", "--processes", "1"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["sets"]["lmd_full"]["train"]["pieces"] == 1
    again = runner.invoke(app, ["small"])
    assert "lmd_full" in again.stdout
    assert "(weak)" in again.stdout
    assert (tmp_path / "runs" / "corpus" / "small" / "report.json").exists()
