"""Keys stay where they are: no error and no log of the reading side shows them."""

from __future__ import annotations

from base64 import b64encode

import pytest
from structlog.testing import capture_logs

from connector.demo.langfuse import SmallLangfuse
from rollouts.errors import Retryable, UnderstudyError
from tests.integration.reading import reading

LISTING = "/api/public/v2/observations"


async def test_a_poll_that_fails_leaves_no_secret_behind() -> None:
    """Refused, unreachable, overloaded: neither logs nor errors hold the keys or the header made of them."""
    async with SmallLangfuse() as server, reading(server) as reader:
        errors = list[Exception]()
        for status, headers in ((401, {}), (500, {}), (429, {"Retry-After": "0"}), (400, {}), (302, {"Location": "/"})):
            server.fail(LISTING, status, times=50, headers=headers)
            with capture_logs() as logs, pytest.raises(UnderstudyError) as caught:
                await reader.poll()
            errors.append(caught.value)
            server.recover()
            assert not holds_a_secret(server, str(logs))
        await server.stop()
        with capture_logs() as logs, pytest.raises(Retryable) as caught:
            await reader.client.send("POST", "/api/public/scores", content=b"{}", repeatable=False)
        errors.append(caught.value)
        assert not holds_a_secret(server, str(logs))
        for error in errors:
            assert not holds_a_secret(server, f"{error!r} {error} {getattr(error, 'hint', '')}")


def holds_a_secret(server: SmallLangfuse, text: str) -> bool:
    """Tell whether a text shows the keys, as they are or as basic authentication sends them."""
    pair = f"{server.public_key}:{server.secret_key}"
    return any(secret in text for secret in (server.secret_key, server.public_key, b64encode(pair.encode()).decode()))
