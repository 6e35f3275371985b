"""Addresses of files on Discord's CDN, signed and short-lived as Discord's are.

An address is good for 24 hours; whoever reads the message again gets a fresh one.
"""

import hashlib
import hmac
from collections.abc import Mapping

from sandbox.clock import Clock
from sandbox.model import Attachment

CDN_HOST = "cdn.discordapp.com"
MEDIA_HOST = "media.discordapp.net"
LINK_LIFE_SECONDS = 24 * 3600


class LinkMaker:
    """Makes and checks signed addresses."""

    def __init__(self, signing_key: str, *, application_id: str, clock: Clock) -> None:
        self._key = signing_key.encode()
        self._application_id = application_id
        self._clock = clock

    def path(self, attachment: Attachment) -> str:
        """Return the path of an attachment, without signature."""
        if attachment.is_ephemeral:
            folder = f"ephemeral-attachments/{self._application_id}"
        else:
            folder = f"attachments/{attachment.channel_id}"
        return f"/{folder}/{attachment.attachment_id}/{attachment.filename}"

    def _signature(self, path: str, expiry: str) -> str:
        return hmac.new(self._key, f"{path}?{expiry}".encode(), hashlib.sha256).hexdigest()

    def url(self, attachment: Attachment, *, host: str = CDN_HOST) -> str:
        """Return a signed address of an attachment."""
        path = self.path(attachment)
        issued = int(self._clock.now())
        expiry = f"{issued + LINK_LIFE_SECONDS:x}"
        return f"https://{host}{path}?ex={expiry}&is={issued:x}&hm={self._signature(path, expiry)}&"

    def is_good(self, path: str, query: Mapping[str, str]) -> bool:
        """Tell whether the signature of an address is right and not too old."""
        expiry = query.get("ex", "")
        if not hmac.compare_digest(self._signature(path, expiry), query.get("hm", "")):
            return False
        return int(expiry, 16) > self._clock.now()
