"""From settings to the workers of a cluster. It knows nothing of what they do; nothing is started here."""

from __future__ import annotations

import uuid

from core.errors import ConfigurationError
from core.processes import ChildLimits
from core.settings import InferenceSettings
from inference.cluster.build import build_id, read_checkpoint_ids
from inference.cluster.cluster_handle import ClusterHandle, GatewayProcess
from inference.cluster.letters import GatewayOrder, Share
from inference.protocol import DEFAULT_DECODERS, WorkerSetup

_PLACE_SECONDS = 60.0
_IDLE_SECONDS = 60.0  # a bot that restarts finds its workers still loaded


def open_cluster(
    settings: InferenceSettings,
    *,
    setup: WorkerSetup,
    limits: ChildLimits,
    build: str | None = None,
    place_seconds: float = _PLACE_SECONDS,
    idle_seconds: float = _IDLE_SECONDS,
) -> list[ClusterHandle]:
    """Return a handle for each worker that the settings ask of the cluster, GPUs first. ``build``: another than ours, for tests.

    Raises:
        ConfigurationError: when they ask for none.
    """
    assert settings.cluster_address is not None
    shares = (Share(num_gpus=1.0, device="cuda"),) * settings.num_cluster_gpu_workers
    shares += (Share(),) * settings.num_cluster_cpu_workers
    if not shares:
        raise ConfigurationError(
            "TUTTI_CLUSTER_CPU_WORKERS and TUTTI_CLUSTER_GPU_WORKERS are both 0. Set one of them, or leave TUTTI_INFERENCE "
            "empty to use this machine alone.",
            variable="TUTTI_CLUSTER_CPU_WORKERS",
        )
    # Networks other than the shipped kind have no cards to compare.
    has_cards = setup.decoders == DEFAULT_DECODERS
    order = GatewayOrder(
        address=settings.cluster_address,
        group=settings.cluster_group,
        client_id=uuid.uuid4().hex,
        shares=shares,
        setup=setup,
        limits=limits,
        build=build or build_id(),
        checkpoint_ids=read_checkpoint_ids(settings.weights_folder) if has_cards else {},
        place_seconds=place_seconds,
        silence_seconds=max(5.0, settings.hang_timeout_seconds / 2),
        idle_seconds=idle_seconds,
    )
    process = GatewayProcess(order, hang_timeout_seconds=settings.hang_timeout_seconds)
    return [ClusterHandle(slot=slot, gateway_process=process) for slot in range(len(shares))]
