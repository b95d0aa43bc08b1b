"""Reading the report of the conformance suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.conformance import Outcome, read_report

if TYPE_CHECKING:
    from pathlib import Path

REPORT = """<?xml version="1.0"?><testsuites><testsuite>
<testcase classname="tests.e2e.openai.test_speech" name="test_a"/>
<testcase classname="tests.e2e.openai.test_speech" name="test_b"><failure message="x"/></testcase>
<testcase classname="tests.e2e.openai.test_speech_errors" name="test_c"><error message="x"/></testcase>
<testcase classname="tests.e2e.openai.test_full_server" name="test_d"><skipped message="x"/></testcase>
</testsuite></testsuites>"""


def test_a_report_is_read(tmp_path: Path) -> None:
    """A test without a fault passed, a failure or an error did not, and what was skipped counts for nothing."""
    file = tmp_path / "report.xml"
    file.write_text(REPORT)
    assert read_report(file) == [
        Outcome(section="speech", name="a", passed=True),
        Outcome(section="speech", name="b", passed=False),
        Outcome(section="speech errors", name="c", passed=False),
        Outcome(section="full server", name="d", passed=None),
    ]
