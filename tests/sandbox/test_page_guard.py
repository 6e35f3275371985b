"""The page's address answers this machine's page and tests only."""

import pytest


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Host": "evil.example:8765"}, {"Origin": "https://evil.example"}, {"Origin": "null"}],
)
async def test_foreign_pages_are_refused(ada, headers):
    """A rebound name or another origin gets 403, also for reading."""
    for path in ("", "api/state", f"api/events?user_id={ada.user_id}"):
        async with ada.session.get(ada.base_url + path, headers=headers) as response:
            assert response.status == 403


async def test_own_origin_is_welcome(ada):
    """The page itself sends its origin with posts."""
    origin = ada.base_url.rstrip("/")
    async with ada.session.post(
        ada.base_url + "api/users", json={"name": "Eve"}, headers={"Origin": origin}
    ) as response:
        assert response.status == 201


async def test_localhost_is_welcome(ada):
    """The other name of this machine works too."""
    port = ada.base_url.rstrip("/").rsplit(":", 1)[1]
    async with ada.session.get(ada.base_url + "api/state", headers={"Host": f"localhost:{port}"}) as response:
        assert response.status == 200
