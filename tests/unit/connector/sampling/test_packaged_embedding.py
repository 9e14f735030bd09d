"""The packaged embedding: alike what means alike, and no network at all."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from connector.sampling.embedding import PackagedEmbedder

_OFFLINE = """
import asyncio, socket, sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
        raise SystemExit(f"network: {event} {arguments}")
asyncio_loop = asyncio.new_event_loop()
sys.addaudithook(refuse)
from connector.sampling.embedding import PackagedEmbedder
vectors = asyncio_loop.run_until_complete(PackagedEmbedder().embed(["where is my parcel"]))
print(vectors.shape)
"""


def test_no_network_is_touched_and_no_file_of_a_person(tmp_path: Path) -> None:
    """With every way out forbidden and an empty home, the weights come from the package, and nothing is kept."""
    ran = subprocess.run(
        [sys.executable, "-c", _OFFLINE],
        env={**os.environ, "HOME": str(tmp_path)},
        cwd=Path(__file__).resolve().parents[4],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.strip() == "(1, 256)", ran.stderr
    assert not list(tmp_path.iterdir())


def test_the_same_text_is_the_same_vector_whatever_stands_beside_it() -> None:
    """A draw that is made again clusters the same."""
    embedder = PackagedEmbedder()
    [alone] = asyncio.run(embedder.embed(["where is my parcel"]))
    beside = asyncio.run(embedder.embed(["a much longer text about something else " * 30, "where is my parcel"]))
    assert np.allclose(alone, beside[1], atol=1e-6)


def test_what_means_alike_is_near() -> None:
    """Two words for one thing are nearer than two things."""
    parcel, package, chess = asyncio.run(
        PackagedEmbedder().embed(["where is my parcel", "my package has not arrived", "the best chess opening"])
    )
    assert parcel @ package > parcel @ chess + 0.1


def test_any_text_has_a_vector() -> None:
    """Signs, half pairs of Unicode, and texts of no known word are no error."""
    vectors = asyncio.run(PackagedEmbedder().embed(["🙂", "我的包裹", "\x00", "x" * 50_000]))
    assert vectors.shape == (4, 256)
    assert np.isfinite(vectors).all()
