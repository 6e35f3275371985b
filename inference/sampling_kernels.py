"""Compiled arithmetic of choosing: shares, their tail, counter-based random numbers. ``sampling`` says what it means."""

from __future__ import annotations

from typing import Any

import numpy as np

from inference.engines.compiling import kernel

Array = Any
_u64 = np.uint64
_LOW = _u64(0xFFFFFFFF)
_HALF = _u64(32)
_MULTIPLIERS = (_u64(0xD2E7470EE14C6C93), _u64(0xCA5A826395121157))
_WEYL = (_u64(0x9E3779B97F4A7C15), _u64(0xBB67AE8584CAA73B))
_NUM_ROUNDS = 10


@kernel
def multiply_high(left: np.uint64, right: np.uint64) -> np.uint64:
    """Return the upper 64 bits of a product of 64-bit numbers."""
    left_low, left_high = left & _LOW, left >> _HALF
    right_low, right_high = right & _LOW, right >> _HALF
    middle = left_high * right_low + ((left_low * right_low) >> _HALF)
    carried = left_low * right_high + (middle & _LOW)
    return left_high * right_high + (middle >> _HALF) + (carried >> _HALF)


@kernel
def philox_uniform(seed: np.uint64, field: np.uint64, event: np.uint64) -> float:
    """Return the first number in [0, 1) that NumPy's ``Philox(key=seed, counter=[0, field, event, 0])`` gives.

    Philox 4x64 with ten rounds: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
    """
    first, second, third, fourth = _u64(1), field, event, _u64(0)  # NumPy counts up before it draws
    key, other_key = seed, _u64(0)
    for _ in range(_NUM_ROUNDS):
        high, low = multiply_high(_MULTIPLIERS[0], first), _MULTIPLIERS[0] * first
        other_high, other_low = multiply_high(_MULTIPLIERS[1], third), _MULTIPLIERS[1] * third
        first, second, third, fourth = other_high ^ second ^ key, other_low, high ^ fourth ^ other_key, low
        key, other_key = key + _WEYL[0], other_key + _WEYL[1]
    return (first >> _u64(11)) * (1.0 / 9007199254740992.0)


@kernel
def shares_of(logits: Array, allowed: Array, temperature: float) -> Array:
    """Return the probability of each value (V,); what is not allowed has none."""
    shares = np.empty(logits.shape[0], np.float64)
    top = -np.inf
    for value in range(logits.shape[0]):
        shares[value] = max(logits[value], -1e9) / temperature if allowed[value] else -np.inf
        top = max(top, shares[value])
    total = 0.0
    for value in range(logits.shape[0]):
        shares[value] = np.exp(shares[value] - top)
        total += shares[value]
    for value in range(logits.shape[0]):
        shares[value] /= total
    return shares


@kernel
def cut_tail(shares: Array, top_k: int, top_p: float, min_p: float) -> None:
    """Set to 0 what top-k, top-p and min-p leave out of shares (V,); the likeliest always stays."""
    order = np.argsort(-shares, kind="mergesort")  # stable: of equals the first is the likelier
    likeliest = shares[order[0]]
    before = 0.0
    for rank in range(shares.shape[0]):
        value = order[rank]
        share = shares[value]
        is_out = (top_k > 0 and rank >= top_k) or (top_p < 1.0 and before >= top_p) or share < min_p * likeliest
        before += share
        if rank > 0 and is_out:
            shares[value] = 0.0


@kernel
def draw(shares: Array, random: float) -> int:
    """Return the value at ``random`` in [0, 1) of the way through the shares (V,), never one without a share."""
    total = 0.0
    for value in range(shares.shape[0]):
        total += shares[value]
    wanted, passed, last = random * total, 0.0, 0
    for value in range(shares.shape[0]):
        if shares[value] > 0.0:
            passed += shares[value]
            last = value
            if passed > wanted:
                return value
    return last


@kernel
def choose_value(
    logits: Array, allowed: Array, temperature: float, top_k: int, top_p: float, min_p: float, random: float
) -> int:
    """Return an allowed value; see ``sampling.choose``."""
    if temperature <= 0:
        best = -1
        for value in range(logits.shape[0]):
            if allowed[value] and (best < 0 or max(logits[value], -1e9) > max(logits[best], -1e9)):
                best = value
        return best
    shares = shares_of(logits, allowed, temperature)
    if top_k > 0 or top_p < 1.0 or min_p > 0.0:
        cut_tail(shares, top_k, top_p, min_p)
    return draw(shares, random)
