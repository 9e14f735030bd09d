"""The README is part of the product: what it shows works."""

from __future__ import annotations

import json
import re
import tomllib
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from connector.commands._scan_table import print_scan
from connector.config_file import read
from connector.types import Count, Fate
from rollouts.provider import Provider
from rollouts.types import Message, Request, Text
from tests.integration.layouts import LAYOUTS

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
    """It can be pasted as it stands, and so can the tiers beside it, and the jury in the judge's place."""
    shown, jury, tiers = blocks("toml")
    path = tmp_path / "config.toml"
    path.write_text(shown, encoding="utf-8")
    assert set(read(path).challengers) == set(tomllib.loads(shown)["challengers"])
    path.write_text(shown + "\n" + tiers, encoding="utf-8")
    assert read(path).tiers.golden.datasets == ("support-golden",)
    path.write_text(jury + "\n" + re.sub(r"\[judge\.model\]\n(\w.*\n)*", "", shown), encoding="utf-8")
    asked = read(path).jury
    assert asked is not None
    assert list(asked.judges) == ["opus", "gpt", "qwen"]


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


def test_the_fields_of_a_scan_are_those_that_it_prints() -> None:
    """The JSON shown is what `scan --json` prints for each kind, and every fate is named."""
    [shown] = blocks("json")
    line = json.loads(shown)
    assert set(line) == set(Count.model_fields)
    assert Count.model_validate(line).model_dump(mode="json") == line
    section = README.partition("## What could be challenged")[2].partition("\n## ")[0]
    assert {fate.value for fate in Fate} <= set(re.findall(r"`(.*?)`", section))


def test_the_table_of_a_scan_is_what_it_prints() -> None:
    """As wide, with the same columns, and the same cut names."""
    [shown] = blocks("text")
    logged = (
        (Fate.CHALLENGED, "", "otel_genai", "pydantic-ai", 1204, "02f9ba62f636a5c41a9c0060102a41bf"),
        (Fate.CHALLENGED, "", "langchain", "langfuse-sdk", 311, "19b39a0351b99062ccfdde168e32d279"),
        (
            Fate.UNREPLAYABLE,
            "it calls a tool whose definition was not logged",
            "openinference",
            "openinference.instrumentation.llama_index",
            27,
            "46ff320b8a7c02981bc188a838cfab1d",
        ),
    )
    counts = [
        Count(of="turn", fate=fate, reason=reason, format=form, integration=by, count=count, example=example)
        for fate, reason, form, by, count, example in logged
    ]
    console = Console(width=100, file=StringIO(), highlight=False)
    print_scan(console, counts)
    assert isinstance(console.file, StringIO)
    printed = "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())
    assert shown.strip() in printed


def test_what_helps_unknown_formats_is_said_below_the_table() -> None:
    """Within its hundred columns, only where there is one; the README says the same."""
    section = README.partition("## What could be challenged")[2].partition("\n## ")[0]
    for reason, notes in (("no known format", 1), ("no answer was logged", 0)):
        console = Console(width=100, file=StringIO(), highlight=False)
        print_scan(console, [Count(of="turn", fate=Fate.UNREADABLE, reason=reason, count=1, example="t")])
        assert isinstance(console.file, StringIO)
        printed = console.file.getvalue()
        for named in ("[formats.custom_keys]", "understudy show TRACE"):
            assert printed.count(named) == notes
            assert named in section
        assert max(map(len, printed.splitlines())) <= 100
    assert "[turns] without_producer" in section


async def test_the_example_provider_is_a_whole_one() -> None:
    """One class with one method is enough, and its fields are its keys."""
    [code] = [block for block in blocks("python") if "class Parrot" in block]
    found: dict[str, Any] = {}
    exec(compile(code, "parrot.py", "exec"), found)
    parrot: Provider = found["Parrot"].model_validate({"model": "grey", "prefix": "Say: "})
    asked = Request(key="k", messages=(Message(role="user", parts=(Text(content="hello"),)),))
    assert (await parrot.complete(asked)).message.text == "Say: hello"


def test_the_format_shown_is_a_real_one() -> None:
    """To the letter, and what is said about it points to files that exist."""
    section = README.partition("## Adding a format")[2].partition("\n## ")[0]
    [code] = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
    assert code == (ROOT / "connector" / "formats" / "haystack.py").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:connector|tests)/[\w/.]+?)/?`", section):
        assert (ROOT / name).exists(), name
    assert (
        f"in {['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'][len(LAYOUTS)]} layouts" in section
    )


def test_pictures_and_files_named_are_there() -> None:
    """No dead link within the project."""
    for target in re.findall(r"\]\((?!https?:)(.*?)\)", README):
        assert (ROOT / target).is_file(), target


def test_files_named_in_the_text_exist() -> None:
    """The reading list leads somewhere."""
    for name in ("rollouts/types.py", "connector/pipeline.py", "connector/engine.py"):
        assert f"`{name}`" in README
        assert (ROOT / name).is_file()
