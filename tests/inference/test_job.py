"""A reply stream keeps the end whatever the reader does."""

from __future__ import annotations

from inference.job import ReplyStream
from inference.protocol import Failure, Progress


def _progress(num_done: int) -> Progress:
    return Progress(job_id="j", stage="writing", num_done=num_done, num_total=1000)


async def test_slow_reader_loses_old_progress_but_not_the_end():
    """Memory is bounded; what is left is the newest, in order."""
    stream = ReplyStream()
    for num_done in range(1000):
        stream.write(_progress(num_done))
    end = Failure(job_id="j", code="timeout", message="too long")
    stream.write(end)

    first = await stream.read()
    messages = [first]
    while messages[-1] is not end:
        messages.append(await stream.read())

    assert len(messages) <= 32
    assert [message.num_done for message in messages[:-1]] == list(range(1000 - len(messages) + 1, 1000))


async def test_nothing_follows_the_end():
    """Exactly one end is read, the first."""
    stream = ReplyStream()
    stream.write(Failure(job_id="j", code="cancelled", message=""))
    stream.write(Failure(job_id="j", code="timeout", message=""))
    stream.write(_progress(1))

    assert stream.is_closed
    assert (await stream.read()).code == "cancelled"
    assert stream._messages.empty()
