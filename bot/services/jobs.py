"""Jobs from order to answer: stored first, run in tasks of this service, answered exactly once, resumed after a restart.

It knows nothing of Discord (the presenter shows things), of networks (the inference client writes music) or of SQL.
"""

from __future__ import annotations

from bot.services.model import Author, JobOrder, JobView


class JobService:
    """Accepts orders and sees each one through to exactly one answer."""

    async def start(self) -> None:
        """Resume the unfinished jobs of the last run and begin to accept orders."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Stop the tasks; unfinished jobs stay stored and are resumed by the next ``start``."""
        raise NotImplementedError

    async def submit(self, order: JobOrder) -> JobView:
        """Store an order with its input and start to work on it; it is in the database when this returns.

        Raises:
            core.errors.InputError: for options that no network can serve.
            core.errors.LimitError: when the person or everybody together has too many unfinished jobs.
            core.errors.NotFoundError: when the source revision was deleted.
        """
        raise NotImplementedError

    async def attach_message(self, job_id: int, message_id: int) -> None:
        """Remember the acknowledgement message, so that the reply can be an edit of it after a restart."""
        raise NotImplementedError

    async def cancel(self, job_id: int, *, author: Author) -> None:
        """Stop a job; the presenter then shows ``CancelledJobError``. A finished job stays as it is.

        Raises:
            core.errors.NotFoundError: when there is no such job.
            core.errors.PermissionDeniedError: when it is somebody else's.
        """
        raise NotImplementedError

    async def job(self, job_id: int) -> JobView:
        """Return a job as it stands.

        Raises:
            core.errors.NotFoundError: when there is no such job.
        """
        raise NotImplementedError
