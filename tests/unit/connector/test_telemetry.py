"""Log lines hold nothing that should be masked, and stay what the program itself said."""

from __future__ import annotations

import io
import json
import sys

import pytest
import structlog

from connector.redaction.options import Masking
from connector.redaction.redactor import Redactor
from connector.telemetry import censor_logs, configure_logs


def _logged(capsys: pytest.CaptureFixture[str], **facts: object) -> dict[str, object]:
    configure_logs("debug", "json")
    censor_logs(Redactor(Masking(), b"k" * 32).words)
    structlog.get_logger().info("poll.done", **facts)
    line: dict[str, object] = json.loads(capsys.readouterr().err)
    return line


@pytest.mark.parametrize(
    "mark", ["2026-11-22T13:51:07.123456+00:00", "2026-11-22T13:51:00+00:00", "2026-11-22", "2026-11-22 01:02:03.0456"]
)
def test_times_are_left_alone(capsys: pytest.CaptureFixture[str], mark: str) -> None:
    """The program's own dates, in whatever precision, and its own words are no personal data."""
    line = _logged(capsys, mark=mark, duel="550e8400-e29b-41d4-a716-446655440000", traces=4155552671, at=1732281234.5)
    assert line.pop("timestamp")
    assert line == {
        "event": "poll.done",
        "level": "info",
        "mark": mark,
        "duel": "550e8400-e29b-41d4-a716-446655440000",
        "traces": 4155552671,
        "at": 1732281234.5,
    }


def test_texts_are_masked_wherever_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    """Also within lists and dictionaries, and in errors that are logged as they are."""
    mail = "alice@example.com"
    line = _logged(capsys, hint=f"ask {mail}", among=[mail, {"who": mail}], caused_by=ValueError(f"no {mail}"))
    assert line["hint"] == "ask <EMAIL_1>"
    assert mail not in json.dumps(line)


def test_tracebacks_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    """What was raised may repeat what production logged."""
    configure_logs("debug", "json")
    censor_logs(Redactor(Masking(), b"k" * 32).words)
    try:
        int("alice@example.com")
    except ValueError:
        structlog.get_logger().exception("duel.unexpected")
    said = capsys.readouterr().err
    assert "ValueError: invalid literal for int() with base 10: '<EMAIL_1>'" in said
    assert "alice" not in said


def test_a_log_that_nobody_hears_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon whose standard error was closed goes on."""
    closed = io.StringIO()
    closed.close()
    configure_logs("info", "json")
    monkeypatch.setattr(sys, "stderr", closed)
    structlog.get_logger("x").critical("nobody.hears")
