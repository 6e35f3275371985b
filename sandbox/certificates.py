"""The certificate authority of a state folder: good for Discord's names, trusted by nobody but a bot that is told to.

It is made once for a folder, so that a bot that lives on still trusts a sandbox that was started again.
"""

import ssl
from collections.abc import Sequence
from pathlib import Path

import trustme


def make_tls_context(folder: Path, hosts: Sequence[str]) -> tuple[ssl.SSLContext, Path]:
    """Return (a server's TLS context for `hosts`, the file of the authority that a client must trust)."""
    ca_file, key_file = folder / "ca.pem", folder / "ca.key"
    if ca_file.exists() and key_file.exists():
        authority = trustme.CA.from_pem(ca_file.read_bytes(), key_file.read_bytes())
    else:
        authority = trustme.CA(organization_name="Tutti sandbox, good for nothing else")
        key_file.touch(mode=0o600)
        authority.private_key_pem.write_to_path(str(key_file))
        authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(context)
    return context, ca_file.resolve()
