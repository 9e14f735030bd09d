"""A gate as JUnit XML: a test case per check.

What is inconclusive is `skipped`: GitHub's, GitLab's and Jenkins' reports show that in a colour of its own with the
reason beside it, while an `error` is counted and shown as one more failure. That the job does not pass is said by the
exit code.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from connector.gate_text.sayings import name, notes, sentence
from judges.standings.gated import Check, Gate, Result
from rollouts.errors import Fatal

_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write (§2.2): names of models may hold it."""


def write_junit(gate: Gate, path: Path) -> None:
    """Write the file. Raises `Fatal` where that cannot be."""
    suite = TestSuite("understudy gate")
    for key, value in (
        ("result", gate.result),
        ("epoch", gate.epoch),
        ("judge", gate.judge),
        ("comparability", gate.comparability),
    ):
        suite.add_property(key, _writable(value or ""))
    for note in notes(gate):
        suite.add_property("note", _writable(note))
    for check in gate.checks:
        suite.add_testcase(_case(check))
    xml = JUnitXml("understudy gate")
    xml.add_testsuite(suite)
    try:
        xml.write(str(path), pretty=True)
    except OSError as error:
        raise Fatal(f"{path} cannot be written: {error.strerror}") from None


def _writable(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def _case(check: Check) -> TestCase:
    case, said = (
        TestCase(_writable(name(check)), classname=f"understudy.gate.{check.tier}", time=0),
        _writable(sentence(check)),
    )
    if check.result is Result.FAIL:
        case.result = [Failure(said, "below the bar")]
    elif check.result is Result.INCONCLUSIVE:
        case.result = [Skipped(said, "inconclusive")]
    return case
