"""A limit on requests as providers have it: so many in any window, then 429, with headers that say what is left."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta


class Ration:
    """`requests` in any `window_s` seconds, for all models of a server together."""

    def __init__(self, requests: int, window_s: float = 60.0) -> None:
        self.requests, self.window_s = requests, window_s
        self.arrivals: list[float] = []
        """When each request came, refused ones included, in seconds of the monotonic clock."""
        self.refused = 0
        self._served: deque[float] = deque()

    def take(self) -> bool:
        """Count one request; tell whether it may be answered."""
        now = time.monotonic()
        self.arrivals.append(now)
        while self._served and self._served[0] <= now - self.window_s:
            self._served.popleft()
        if len(self._served) >= self.requests:
            self.refused += 1
            return False
        self._served.append(now)
        return True

    def headers(self) -> Mapping[str, str]:
        """Say what is left, in the words of OpenAI and in those of Anthropic."""
        left = self.requests - len(self._served)
        reset_s = self._served[0] + self.window_s - time.monotonic() if self._served else 0.0
        reset_at = datetime.now(UTC) + timedelta(seconds=reset_s)
        return {
            "x-ratelimit-limit-requests": str(self.requests),
            "x-ratelimit-remaining-requests": str(left),
            "x-ratelimit-reset-requests": f"{max(0.0, reset_s) * 1000:.0f}ms",
            "anthropic-ratelimit-requests-remaining": str(left),
            "anthropic-ratelimit-requests-reset": reset_at.isoformat(),
        }

    def most_within(self, seconds: float) -> int:
        """Return the most requests that came within any `seconds`."""
        most, start = 0, 0
        for end, at in enumerate(self.arrivals):
            while self.arrivals[start] <= at - seconds:
                start += 1
            most = max(most, end - start + 1)
        return most
