"""A port for a server that cannot choose its own."""

import random
import socket

_FIRST, _LAST = (
    20_000,
    32_000,
)  # below those that systems hand out by themselves, to connections and to servers on port 0
_dice = random.SystemRandom()


def quiet_port(host="127.0.0.1"):
    """Return a port of this machine that nobody uses, and that nobody is given between now and its use."""
    while True:
        port = _dice.randint(_FIRST, _LAST)
        with socket.socket() as listener:
            try:
                listener.bind((host, port))
            except OSError:
                continue
            return port
