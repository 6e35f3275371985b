"""The one place that speaks to Ray: join a cluster, find or make a worker in it, call it. Ray's exceptions end here.

Workers are named actors of a namespace: every bot that names the same group finds the same ones, and whoever comes first makes
them. They are detached, so they outlive the bot that made them, and end by themselves when no bot has asked for a while. Ray does not
restart them: the bot that misses one makes another, so that jobs and workers are never lost in two places at once.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, cast

import ray
from ray.exceptions import AuthenticationError, GetTimeoutError, RayActorError, RayError, RuntimeEnvSetupError

from core.errors import ChildLostError, ConfigurationError
from inference.cluster.letters import Share
from inference.cluster.refusals import ADDRESS_VARIABLE
from inference.cluster.shared_worker import SharedWorker

_ray: Any = ray  # most of it has no types
_MAX_CALLS = 1_000  # at a time in one actor: each bot has one that waits


class RayWorker(SharedWorker):
    """A shared worker as an actor. Ray makes it, on a machine that has room."""

    def __init__(self) -> None:
        super().__init__(end=_end_this_actor)


def _end_this_actor() -> None:
    _ray.kill(_ray.get_runtime_context().current_actor)


def join_cluster(address: str, *, group: str) -> None:
    """Become part of the cluster whose head listens at ``address`` (host:port).

    Raises:
        ConfigurationError: when it is not one that we can join.
    """
    try:
        _ray.init(address=address, namespace=f"tutti-{group}", log_to_driver=False, configure_logging=False)
    except (RayError, RuntimeError, ConnectionError, ValueError, TimeoutError) as error:
        raise ConfigurationError(explain_refusal(error, address=address), variable=ADDRESS_VARIABLE) from error


def explain_refusal(error: Exception, *, address: str) -> str:
    """Return in one sentence why Ray did not let us in, and what to do."""
    text = " ".join(str(error).split())
    if "version mismatch" in text.lower():
        there = re.search(r"started with:\s*Ray: (\S+)\s*Python: (\S+)", text)
        ours = f"Ray {ray.__version__}"
        theirs = f"Ray {there.group(1)} on Python {there.group(2)}" if there else "another version"
        return (
            f"{ADDRESS_VARIABLE}: the cluster at {address} runs {theirs}, this bot {ours} on Python {_python_version()}. "
            "Install the same versions on every machine."
        )
    if "raylet" in text.lower() or "ip address" in text.lower():
        return (
            f"{ADDRESS_VARIABLE}: this machine is no node of the cluster at {address}. Run “ray start --address={address} "
            f"--num-cpus=0” here first. Ray said: {text[:300]}"
        )
    if isinstance(error, AuthenticationError) or "token" in text.lower() or "failed to connect" in text.lower():
        return (
            f"{ADDRESS_VARIABLE}: what answers at {address} does not let this bot in. If that is a cluster with a token, set "
            "RAY_AUTH_MODE=token for the bot, and RAY_AUTH_TOKEN or ~/.ray/auth_token to the same as on the cluster's machines. "
            f"Ray said: {text[:300]}"
        )
    return f"{ADDRESS_VARIABLE}: the cluster at {address} cannot be joined. Ray said: {text[:300]}"


def leave_cluster() -> None:
    """Have no more to do with the cluster; workers stay."""
    _ray.shutdown()


class RemoteWorker:
    """The actor of one slot."""

    def __init__(self, name: str, actor: Any) -> None:
        self._name = name
        self._actor = actor

    @classmethod
    def find_or_make(cls, name: str, share: Share) -> RemoteWorker:
        """Return the worker of this name; it may still wait for room."""
        actor = (
            _ray.remote(RayWorker)
            .options(
                name=name,
                lifetime="detached",
                get_if_exists=True,
                num_cpus=share.num_cpus,
                num_gpus=share.num_gpus,
                max_restarts=0,
                max_concurrency=_MAX_CALLS,
                scheduling_strategy="SPREAD",
            )
            .remote()
        )
        return cls(name, actor)

    async def call(self, method: str, *letters: bytes, timeout_seconds: float) -> bytes:
        """Call one of ``SharedWorker``'s methods and return its answer.

        Raises:
            ConfigurationError: when its machine has no Tutti that could run.
            ChildLostError: when it is gone (cause ``exited``), or silent (cause ``hung``).
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                answer: bytes = await getattr(self._actor, method).remote(*letters)
        except (TimeoutError, GetTimeoutError) as error:
            raise ChildLostError(name=self._name, cause="hung") from error
        except RayActorError as error:
            if _cannot_import(error):
                raise ConfigurationError(
                    f"{ADDRESS_VARIABLE}: a machine of the cluster cannot load Tutti. Install it there "
                    "(“pip install .[cluster]”, or PYTHONPATH set to its folder) and restart Ray there. "
                    f"Ray said: {' '.join(str(error).split())[-300:]}",
                    variable=ADDRESS_VARIABLE,
                ) from error
            raise ChildLostError(name=self._name, cause="exited", output=str(error)) from error
        except RuntimeEnvSetupError as error:
            raise ConfigurationError(f"{ADDRESS_VARIABLE}: {error}", variable=ADDRESS_VARIABLE) from error
        except RayError as error:
            raise ChildLostError(name=self._name, cause="protocol", output=str(error)) from error
        return answer


def is_member() -> bool:
    """Return whether the cluster still knows the node through which we joined; without a head the call waits, and may end this process."""
    node_id: str = _ray.get_runtime_context().get_node_id()
    return any(node["NodeID"] == node_id and node["Alive"] for node in _ray.nodes())


def describe_room() -> str:
    """Return what the cluster has and what of it is free, for people."""
    have = cast("dict[str, float]", _ray.cluster_resources())
    free = cast("dict[str, float]", _ray.available_resources())
    kinds = ("CPU", "GPU")
    return ", ".join(f"{free.get(kind, 0.0):g} of {have.get(kind, 0.0):g} {kind}s free" for kind in kinds)


def _cannot_import(error: RayActorError) -> bool:
    return "failed to import" in str(error) or "ModuleNotFoundError" in str(error)


def _python_version() -> str:
    import platform

    return platform.python_version()
