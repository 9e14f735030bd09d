from pathlib import Path

import pytest
from pydantic import ValidationError

from rollouts.endpoint import Endpoint, encoded
from rollouts.errors import Fatal, Permanent
from rollouts.providers.openai import OpenAI
from rollouts.types import Parameters, Request


def endpoint(**fields: object) -> Endpoint:
    """Read a table of config.toml."""
    return Endpoint.model_validate({"base_url": "http://127.0.0.1:1", "api_key_env": "TEST_KEY", **fields})


def test_a_key_comes_from_the_environment_or_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The variable wins; with `_FILE` added it names a file, as container secrets want it."""
    (tmp_path / "key").write_text("sk-file\n")
    monkeypatch.setenv("TEST_KEY_FILE", str(tmp_path / "key"))
    assert endpoint().key() == "sk-file"
    monkeypatch.setenv("TEST_KEY", "sk-env")
    assert endpoint().key() == "sk-env"
    assert endpoint(api_key_env=None).key() == ""


@pytest.mark.parametrize("value", ["", "  ", "sk-ü"])
def test_an_unusable_key_names_its_variable(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A missing, blank or garbled key is fatal, and the hint says where it is looked for."""
    monkeypatch.setenv("TEST_KEY", value)
    with pytest.raises(Fatal) as refused:
        endpoint().key()
    assert "TEST_KEY_FILE" in (refused.value.hint or "")
    assert not value.strip() or value not in str(refused.value)


def test_an_unreadable_key_file_is_fatal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file that is not there is said so."""
    monkeypatch.setenv("TEST_KEY_FILE", str(tmp_path / "absent"))
    with pytest.raises(Fatal, match="TEST_KEY_FILE cannot be read"):
        endpoint().key()


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "api.example.com"},
        {"unsupported": ("temprature",)},
        {"supported": ("stops",)},
        {"timeout_s": 0},
        {"api_key": "sk"},
    ],
)
def test_a_wrong_table_is_refused_at_the_start(wrong: dict[str, object]) -> None:
    """An address without scheme, an unknown parameter, no time at all, and a key in the file are all refused."""
    with pytest.raises(ValidationError):
        endpoint(**wrong)


def test_an_unsupported_parameter_is_taken_away_and_named() -> None:
    """What the model refuses is not sent; what was not asked for is not named."""
    asked = Request(key="k", messages=(), parameters=Parameters(temperature=0.5, seed=3))
    here = endpoint(unsupported=("temperature", "top_p"))
    assert here.wanted(asked) == Parameters(seed=3)
    assert here.refused(asked) == ("temperature",)


def test_what_is_supported_is_sent_whatever_is_known() -> None:
    """A person knows their models better than a table of names."""
    asked = Request(key="k", messages=(), parameters=Parameters(temperature=0.5, stop=("x",)))
    fields = {"model": "o3", "base_url": "https://api.example.com"}
    assert OpenAI(**fields).wanted(asked) == Parameters()
    assert OpenAI(**fields).refused(asked) == ("temperature", "stop")
    assert OpenAI(**fields, supported=("stop",)).wanted(asked) == Parameters(stop=("x",))


def test_long_numbers_are_sent_digit_by_digit() -> None:
    """A number beyond 64 bits in a tool's schema arrives as it is."""
    assert encoded({"maximum": 2**70}) == b'{"maximum":1180591620717411303424}'


@pytest.mark.parametrize("broken", ["half \ud83c", float("nan")])
def test_what_is_no_json_cannot_be_replayed(broken: object) -> None:
    """What no JSON can hold buries its challenge, and nothing else."""
    with pytest.raises(Permanent, match="unreplayable"):
        encoded({"description": broken, "maximum": 2**70})
