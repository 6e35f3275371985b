"""What is said on the way to a worker on another machine: bot, gateway, actor. It knows nothing of Ray and of processes.

The requests and replies themselves are the frames of ``inference.protocol``, carried as they are. Only bytes cross Ray: letters are
msgspec structs, encoded here, so that nothing of ours is ever pickled.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from core.processes import ChildLimits
from inference.protocol import Ready, WorkerSetup, decode_frame


class Letter(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="type"):
    """Anything that is said on the way."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker takes of the cluster, and on what it computes."""

    num_cpus: float = 1.0
    num_gpus: float = 0.0
    device: Literal["cpu", "cuda"] = "cpu"


class GatewayOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway is told when it starts. Worker ``i`` of the cluster takes ``shares[i]``."""

    address: str  # host:port of the cluster's head
    group: str  # bots that name the same one share workers
    client_id: str  # this bot
    shares: tuple[Share, ...]
    setup: WorkerSetup
    limits: ChildLimits  # of the worker's own process
    build: str  # of the bot; workers of another one are refused
    checkpoint_ids: dict[str, str]  # the bot's own weights; workers with others are refused
    place_seconds: float  # how long to wait for room in the cluster
    silence_seconds: float  # without an answer, after which a worker is given up
    idle_seconds: float  # without a bot, after which a worker ends and frees what it took


# ---- bot to gateway


class Start(Letter, frozen=True, kw_only=True, tag="start"):
    """Find or make the worker of a slot, and join those that it works for."""

    slot: int


class Leave(Letter, frozen=True, kw_only=True, tag="leave"):
    """Have no more to do with the worker of a slot; what it did for us is cancelled."""

    slot: int


class Post(Letter, frozen=True, kw_only=True, tag="post"):
    """Hand a request or cancellation to the worker of a slot. ``is_alone``: no other job may run beside it."""

    slot: int
    frame: bytes
    is_alone: bool = False


# ---- gateway to bot


class Joined(Letter, frozen=True, kw_only=True, tag="joined"):
    """The gateway is part of the cluster."""


class Refused(Letter, frozen=True, kw_only=True, tag="refused"):
    """A start came to nothing. ``slot`` -1: the gateway's own; code ``lost``: nothing is wrong with the settings."""

    slot: int = -1
    code: Literal["setting", "checkpoint", "memory", "lost"]
    message: str


class Started(Letter, frozen=True, kw_only=True, tag="started"):
    """The worker of a slot is ready for us."""

    slot: int
    ready: Ready


class Delivery(Letter, frozen=True, kw_only=True, tag="delivery"):
    """Replies of the worker of a slot, in order."""

    slot: int
    frames: tuple[bytes, ...]


class Lost(Letter, frozen=True, kw_only=True, tag="lost"):
    """The worker of a slot is gone.

    ``num_aboard`` has, for each of our jobs that it had begun, how many it had begun in all, those of other bots included; None:
    the machine went with it, and nobody knows.
    """

    slot: int = -1
    cause: str  # a ``core.processes.LossCause``
    num_aboard: dict[str, int] | None = None


# ---- gateway to actor and back


class Attach(Letter, frozen=True, kw_only=True, tag="attach"):
    """Work for a bot from now on. ``life_id`` tells this attachment from earlier ones of the same bot."""

    client_id: str
    life_id: str
    setup: WorkerSetup
    limits: ChildLimits
    build: str
    checkpoint_ids: dict[str, str]
    silence_seconds: float
    idle_seconds: float


class Attached(Letter, frozen=True, kw_only=True, tag="attached"):
    """The worker's process is ready."""

    ready: Ready


class Parcel(Letter, frozen=True, kw_only=True, tag="parcel"):
    """Requests and cancellations of one attachment, in order."""

    life_id: str
    posts: tuple[Post, ...]


class Pull(Letter, frozen=True, kw_only=True, tag="pull"):
    """Ask for what is new; answered when there is something, or after a heartbeat. ``is_last``: and never again."""

    life_id: str
    is_last: bool = False


class Pulled(Letter, frozen=True, kw_only=True, tag="pulled"):
    """What is new since the last pull; nothing follows a loss."""

    frames: tuple[bytes, ...] = ()
    loss: Lost | None = None


ToGateway = Start | Leave | Post
FromGateway = Joined | Refused | Started | Delivery | Lost
ToActor = Attach | Parcel | Pull
FromActor = Attached | Refused | Pulled

_encoder = msgspec.msgpack.Encoder()
_order_decoder = msgspec.msgpack.Decoder(GatewayOrder)
_to_gateway_decoder = msgspec.msgpack.Decoder(ToGateway)
_from_gateway_decoder = msgspec.msgpack.Decoder(FromGateway)
_to_actor_decoder = msgspec.msgpack.Decoder(ToActor)
_from_actor_decoder = msgspec.msgpack.Decoder(FromActor)


def encode_letter(letter: Letter | GatewayOrder) -> bytes:
    """Return a letter as bytes."""
    return _encoder.encode(letter)


def decode_order(frame: bytes) -> GatewayOrder:
    """Return a gateway's order.

    Raises:
        msgspec.MsgspecError: for anything else.
    """
    return decode_frame(_order_decoder, frame)


def decode_to_gateway(frame: bytes) -> ToGateway:
    """Return what the bot says.

    Raises:
        msgspec.MsgspecError: for anything else.
    """
    return decode_frame(_to_gateway_decoder, frame)


def decode_from_gateway(frame: bytes) -> FromGateway:
    """Return what the gateway says.

    Raises:
        msgspec.MsgspecError: for anything else.
    """
    return decode_frame(_from_gateway_decoder, frame)


def decode_to_actor(frame: bytes) -> ToActor:
    """Return what a gateway says to an actor.

    Raises:
        msgspec.MsgspecError: for anything else.
    """
    return decode_frame(_to_actor_decoder, frame)


def decode_from_actor(frame: bytes) -> FromActor:
    """Return what an actor answers.

    Raises:
        msgspec.MsgspecError: for anything else.
    """
    return decode_frame(_from_actor_decoder, frame)
