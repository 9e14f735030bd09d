"""The README is part of the product: what it shows works."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from connector.config_file import read
from rollouts.provider import Provider
from rollouts.types import Message, Request, Text

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the README's code blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_two_commands_come_first() -> None:
    """A newcomer needs no more than `make demo` and `make test`."""
    [first, *_] = blocks("")
    assert [line.split("#")[0].strip() for line in first.strip().splitlines()] == ["make demo", "make test"]
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\ndemo:" in targets
    assert "\ntest:" in targets


def test_the_configuration_shown_is_valid(tmp_path: Path) -> None:
    """It can be pasted as it stands."""
    [shown] = blocks("toml")
    path = tmp_path / "config.toml"
    path.write_text(shown, encoding="utf-8")
    assert set(read(path).challengers) == set(tomllib.loads(shown)["challengers"])


def test_every_command_named_exists() -> None:
    """In the table and in the examples."""
    known = {path.stem.rstrip("_") for path in (ROOT / "connector" / "commands").glob("[a-z]*.py")}
    table = README.partition("## Commands")[2].partition("## Adding")[0]
    named = {
        word.split()[0]
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for word in re.findall(r"`(.*?)`", row)
    }
    used = set(re.findall(r"^understudy (\w+)", "\n".join(blocks("sh")), re.MULTILINE))
    assert named == known
    assert used <= known


async def test_the_example_provider_is_a_whole_one() -> None:
    """One class with one method is enough, and its fields are its keys."""
    [code] = blocks("python")
    found: dict[str, Any] = {}
    exec(compile(code, "parrot.py", "exec"), found)
    parrot: Provider = found["Parrot"].model_validate({"model": "grey", "prefix": "Say: "})
    asked = Request(key="k", messages=(Message(role="user", parts=(Text(content="hello"),)),))
    assert (await parrot.complete(asked)).message.text == "Say: hello"


def test_pictures_and_files_named_are_there() -> None:
    """No dead link within the project."""
    for target in re.findall(r"\]\((?!https?:)(.*?)\)", README):
        assert (ROOT / target).is_file(), target


def test_files_named_in_the_text_exist() -> None:
    """The reading list leads somewhere."""
    for name in ("rollouts/types.py", "connector/pipeline.py", "connector/engine.py"):
        assert f"`{name}`" in README
        assert (ROOT / name).is_file()
