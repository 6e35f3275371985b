"""What is counted can be scraped under its promised name."""

from __future__ import annotations

import urllib.request

import pytest

from core.metrics import MetricsServer, NullMetrics, PrometheusMetrics


def _report(metrics) -> None:
    metrics.count_job(task="generate", outcome="finished")
    metrics.observe_job_seconds(task="generate", seconds=3.0)
    metrics.observe_first_token_seconds(task="generate", seconds=0.4)
    metrics.set_queue_depth(5)
    metrics.set_batch_size(1)
    metrics.count_tokens(task="remix", num_tokens=700)
    metrics.set_device_memory(worker=0, num_bytes=4096)
    metrics.count_worker_restart()


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


def test_endpoint_serves_the_numbers():
    """Prometheus can scrape them over HTTP."""
    metrics = PrometheusMetrics()
    _report(metrics)
    server = MetricsServer(metrics, port=0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=5) as response:
            text = response.read().decode()
    finally:
        server.close()

    assert 'tutti_jobs_total{outcome="finished",task="generate"} 1.0' in text
