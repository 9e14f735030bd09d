"""config.toml: what is wrong in it is said once, whole, and with a way out."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import BaseModel

from connector.config import ChallengerTable, Config, JudgeTable
from connector.config_file import read
from connector.example import example
from rollouts.errors import Fatal
from rollouts.plugins import kinds, load
from rollouts.provider import Provider

ROOT = Path(__file__).resolve().parents[3]

GOOD = """
[judge.model]
kind = "scripted"
answers = ["[[A=B]]"]
[challengers.a]
kind = "scripted"
answers = ["hello"]
"""


def written(tmp_path: Path, text: str) -> Path:
    """Write a configuration."""
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(tmp_path: Path, text: str) -> str:
    """Return what is said about a configuration that is refused."""
    with pytest.raises(Fatal) as caught:
        read(written(tmp_path, text))
    return f"{caught.value} {caught.value.hint or ''}"


def test_the_shortest_configuration_is_a_judge_and_a_challenger(tmp_path: Path) -> None:
    """Everything else has a default."""
    config = read(written(tmp_path, GOOD))
    assert list(config.challengers) == ["a"]
    assert config.source.kind == "langfuse"


JURY = """
[jury]
rule = "median"
families = { "house-*" = ["alibaba"] }
[jury.judges.one.model]
kind = "scripted"
model = "claude-opus-4-5"
answers = ["[[A=B]]"]
[jury.judges.two.model]
kind = "scripted"
model = "gpt-5"
answers = ["[[A=B]]"]
[jury.judges.three]
stand_in = true
asks = 3
[jury.judges.three.model]
kind = "scripted"
model = "gemini-3-pro"
answers = ["[[A=B]]"]
[challengers.a]
kind = "scripted"
answers = ["hello"]
"""


def test_a_jury_takes_the_place_of_the_judge(tmp_path: Path) -> None:
    """Each judge is a table of its own, with the keys of its kind."""
    config = read(written(tmp_path, JURY))
    assert config.judge is None
    assert config.jury is not None
    assert [(name, table.stand_in) for name, table in config.jury.judges.items()] == [
        ("one", False),
        ("two", False),
        ("three", True),
    ]
    assert "jury.judges.three.asks = 0" in refused(tmp_path, JURY.replace("asks = 3", "asks = 0"))
    assert "`stand_in`" in refused(tmp_path, JURY.replace("stand_in", "standin"))


@pytest.mark.parametrize("text", [JURY + GOOD.partition("[challengers")[0], GOOD.partition("[challengers.a]")[2]])
def test_exactly_one_table_says_who_judges(tmp_path: Path, text: str) -> None:
    """With both, or neither, nobody would know whose verdicts count."""
    text = text if "[challengers" in text else f"[challengers.a]{text}"
    assert "exactly one of the tables [judge] and [jury]" in refused(tmp_path, text)


def test_an_unknown_key_names_what_was_probably_meant(tmp_path: Path) -> None:
    """A typo costs one look, not an afternoon."""
    said = refused(tmp_path, GOOD + "\n[poll]\nsetle = '5m'\n")
    assert "config.toml: poll.setle: unknown key" in said
    assert "`settle`" in said


@pytest.mark.parametrize(
    ("table", "key", "meant"),
    [("challengers.a", "concurency = 3", "concurrency"), ("challengers.a", "anwers = []", "answers"),
     ("judge.model", "modle = 'x'", "model"), ("judge", "ask = 2", "asks")],
)  # fmt: skip
def test_plug_ins_keys_are_checked_as_strictly(tmp_path: Path, table: str, key: str, meant: str) -> None:
    """A provider's own keys are known from its fields."""
    text = GOOD.replace(f"[{table}]", f"[{table}]\n{key}") if f"[{table}]" in GOOD else f"[{table}]\n{key}\n{GOOD}"
    assert f"`{meant}`" in refused(tmp_path, text)


def test_a_wrong_value_is_named_with_file_key_value_and_what_is_allowed(tmp_path: Path) -> None:
    """The message is enough to mend it."""
    said = refused(tmp_path, GOOD + "\n[poll]\nsettle = 'soon'\n[sampling]\nshare = 3\n[log]\nlevel = 'loud'\n")
    assert "poll.settle = 'soon': Value error, 'soon' is no span of time; write 90s, 5m, 2h or 7d" in said
    assert "sampling.share = 3: Input should be less than or equal to 1" in said
    assert "'debug', 'info', 'warning' or 'error'" in said


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "challengers: this key is needed"),
        (GOOD.replace('kind = "scripted"\nanswers = ["hello"]', 'kind = "opena"'), "no provider is called 'opena'"),
        (GOOD.replace("challengers.a", "challengers.baseline"), "not `baseline`"),
        (GOOD.replace("challengers.a", 'challengers."a b"'), "a name is letters"),
        ("= 3", "Invalid"),
    ],
)
def test_what_cannot_work_is_refused_at_the_start(tmp_path: Path, text: str, word: str) -> None:
    """Nothing half-configured ever begins to spend."""
    assert word in refused(tmp_path, text)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    """`init` writes one."""
    with pytest.raises(Fatal) as caught:
        read(tmp_path / "none.toml")
    assert "understudy init" in str(caught.value.hint)


def test_the_example_is_the_programs_own_words() -> None:
    """config.example.toml cannot lag behind: it is what `understudy init` writes."""
    assert (ROOT / "config.example.toml").read_text(encoding="utf-8") == example()


def test_the_example_is_a_valid_configuration_with_every_default(tmp_path: Path) -> None:
    """Every value shown is the default, but for what only a person can know."""
    config = read(written(tmp_path, example()))
    bare = read(written(tmp_path, GOOD))
    assert config.model_dump(exclude={"judge", "challengers"}) == bare.model_dump(exclude={"judge", "challengers"})


def test_every_key_is_in_the_example_with_a_line_of_explanation() -> None:
    """Known keys, each after a comment; plug-ins' keys included."""
    lines = example().splitlines()
    keys = {line.removeprefix("# ").split(" =")[0]: number for number, line in enumerate(lines) if " =" in line}
    written_apart = {"judge", "jury", "cheaper_judge", "challengers"}
    models: list[type[BaseModel]] = [Config, JudgeTable, ChallengerTable]
    models += [
        load(Provider, kind, package="rollouts.providers") for kind in kinds(Provider, package="rollouts.providers")
    ]
    missing = [
        f"{model.__name__}.{name}"
        for model in models
        for name, field in model.model_fields.items()
        if name not in keys and f"[{name}]" not in lines and name not in written_apart and field
        and model.__name__ != "Scripted"
    ]  # fmt: skip
    a_key = re.compile(r"(# )?\w+ =")
    above = pairwise(lines)
    unexplained = [line for before, line in above if a_key.match(line) and not re.match(r"# (?!\w+ =)", before)]
    assert missing == []
    assert unexplained == []


def test_the_example_parses_as_toml() -> None:
    """Also without us."""
    assert set(tomllib.loads(example())) >= {"judge", "challengers", "poll", "budget"}
