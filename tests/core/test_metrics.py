"""What is counted can be scraped under its promised name."""

from __future__ import annotations

import pytest

from core.metrics import NullMetrics, PrometheusMetrics


def _report(metrics) -> None:
    metrics.count_job(task="generate", outcome="finished")
    metrics.observe_job_seconds(task="generate", seconds=3.0)
    metrics.observe_first_token_seconds(task="generate", seconds=0.4)
    metrics.set_queue_depth(5)
    metrics.set_batch_size(1)
    metrics.count_tokens(task="remix", num_tokens=700)
    metrics.set_device_memory(worker=0, num_bytes=4096)
    metrics.count_worker_restart()
    metrics.observe_first_audible_seconds(task="generate", seconds=1.5)
    metrics.observe_reply_seconds(task="harmonize", seconds=4.0)
    metrics.observe_acknowledge_seconds(0.1)
    metrics.observe_render_seconds(kind="audio", seconds=0.8)
    metrics.count_database_error()
    metrics.count_gateway_reconnect()
    metrics.set_ready(part="media", is_ready=True)


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("tutti_jobs_total", {"task": "generate", "outcome": "finished"}, 1),
        ("tutti_job_seconds_sum", {"task": "generate"}, 3.0),
        ("tutti_first_token_seconds_count", {"task": "generate"}, 1),
        ("tutti_queue_depth", {}, 5),
        ("tutti_batch_size", {}, 1),
        ("tutti_tokens_total", {"task": "remix"}, 700),
        ("tutti_device_memory_bytes", {"worker": "0"}, 4096),
        ("tutti_worker_restarts_total", {}, 1),
        ("tutti_first_audible_seconds_sum", {"task": "generate"}, 1.5),
        ("tutti_reply_seconds_sum", {"task": "harmonize"}, 4.0),
        ("tutti_acknowledge_seconds_bucket", {"le": "0.1"}, 1),
        ("tutti_render_seconds_count", {"kind": "audio"}, 1),
        ("tutti_database_errors_total", {}, 1),
        ("tutti_gateway_reconnects_total", {}, 1),
        ("tutti_ready", {"part": "media"}, 1),
    ],
)
def test_numbers_have_their_names(name, labels, value):
    """Dashboards rely on these names."""
    metrics = PrometheusMetrics()
    _report(metrics)

    assert metrics.registry.get_sample_value(name, labels) == value


def test_two_instances_do_not_share_numbers():
    """Each has its own registry, so a second bot in one process does not clash."""
    _report(PrometheusMetrics())

    assert PrometheusMetrics().registry.get_sample_value("tutti_queue_depth") == 0


def test_null_metrics_take_everything():
    """The implementation for tests accepts every report."""
    _report(NullMetrics())


def test_memory_of_this_process_is_counted_too():
    """Nobody needs a second exporter to see the bot grow."""
    resident_bytes = PrometheusMetrics().registry.get_sample_value("process_resident_memory_bytes")

    assert resident_bytes is not None
    assert resident_bytes > 2**20
