"""The result of ``verify``: each assumption with its verdict, as a table and as a report."""

import shutil
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from session_source import redaction
from session_source.airbyte.verify.access import Reachable
from session_source.airbyte.verify.assumption import (
    AS_ASSUMED,
    CANNOT_TELL,
    Assumption,
    Follows,
    Seen,
    cannot_tell,
    in_words,
)
from session_source.airbyte.verify.survey import Survey
from session_source.api.errors import Fault

OTHERWISE = "otherwise"

UNREAD = "the vendor could not be read"
"""What is seen of every other assumption if the vendor does not answer."""

_WIDTHS = (11, 34, 26, 26)
"""The least widths of the columns of the table."""


@dataclass(frozen=True)
class Verdict:
    """An assumption and what was seen.

    Args:
        assumption: the assumption.
        seen: what its probe found.
    """

    assumption: Assumption
    seen: Seen

    @property
    def word(self) -> str:
        """``AS_ASSUMED``, ``OTHERWISE`` or ``CANNOT_TELL``."""
        return self.seen.finding if self.seen.finding in {AS_ASSUMED, CANNOT_TELL} else OTHERWISE

    @property
    def follows(self) -> tuple[Follows, str]:
        """What follows, and the advice for users."""
        if self.word != OTHERWISE:
            return Follows.NOTHING, ""
        finding = self.assumption.possible[self.seen.finding]
        return finding.follows, finding.advice


@dataclass(frozen=True)
class Result:
    """What one run found."""

    connector: str
    api_version: str | None
    verdicts: Sequence[Verdict]
    not_probed: int
    survey: Survey

    @property
    def is_otherwise(self) -> bool:
        """Whether an assumption does not hold."""
        return any(verdict.word == OTHERWISE for verdict in self.verdicts)

    def table(self) -> str:
        """Write the result for people."""
        return redaction.clean("\n".join(self._lines()) + "\n")

    def report(self) -> dict[str, Any]:
        """Write the result as JSON: shapes, types, counts and timings; no secret, and no value of a row."""
        samples = self.survey.samples
        return {
            "connector": self.connector,
            "api_version": self.api_version,
            "assumptions": [
                {
                    "id": verdict.assumption.id,
                    "assumed": verdict.assumption.sentence,
                    "verdict": verdict.word,
                    "finding": verdict.seen.finding,
                    "seen": redaction.clean(verdict.seen.words),
                    "facts": dict(verdict.seen.facts),
                    "follows": verdict.follows[0].value,
                    "advice": verdict.follows[1],
                }
                for verdict in self.verdicts
            ],
            "endpoints": {
                name: {
                    "rows": len(sample.rows),
                    "pages": [len(read.page.rows) for read in sample.pages],
                    **self.survey.shape(name).to_json(),
                }
                for name, sample in samples.items()
            },
            "requests": [
                {"method": one.method, "status": one.status, "seconds": one.seconds, "bytes": one.size}
                for one in self.survey.exchanges
            ],
        }

    def _lines(self) -> Iterator[str]:
        width = max(shutil.get_terminal_size((120, 24)).columns, sum(_WIDTHS) + 6)
        more = width - sum(_WIDTHS) - 6
        widths = [_WIDTHS[0], *(least + more // 3 for least in _WIDTHS[1:])]
        yield from _row(widths, "verdict", "assumed", "seen", "what to do")
        yield "  ".join("-" * each for each in widths)
        unread = [verdict for verdict in self.verdicts if verdict.seen.words == UNREAD]
        for verdict in (verdict for verdict in self.verdicts if verdict not in unread):
            one, seen = verdict.assumption, verdict.seen
            words = f"{seen.words}: {seen.detail}" if seen.detail else seen.words
            yield from _row(widths, verdict.word, f"{one.id}: {one.sentence}", words, verdict.follows[1])
        count = {
            word: [v.word for v in self.verdicts].count(word) for word in (AS_ASSUMED, OTHERWISE, CANNOT_TELL)
        }
        sent = len(self.survey.exchanges)
        yield ""
        yield (
            f"{', '.join(f'{number} {word}' for word, number in count.items())}; "
            f"{sent} request{'' if sent == 1 else 's'}."
        )
        if unread:
            yield f"{len(unread)} assumptions were not checked: {UNREAD}. Fix this first, and run verify again."
        elif self.not_probed:
            yield f"{self.not_probed} more assumptions cannot be checked this way: see the connector's README."


def _row(widths: Sequence[int], *cells: str) -> Iterator[str]:
    wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, widths, strict=True)]
    for n in range(max(map(len, wrapped))):
        parts = [cell[n] if n < len(cell) else "" for cell in wrapped]
        yield "  ".join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()


def probe(connector: str, api_version: str | None, assumptions: Sequence[Assumption], survey: Survey) -> Result:
    """Check assumptions, one after the other.

    Args:
        connector: the connector's name.
        api_version: the version of the vendor's API.
        assumptions: what is assumed about it. If the vendor cannot be reached, the others are not probed.
        survey: sends the requests.
    """
    verdicts: list[Verdict] = []
    is_reached = True
    for one in assumptions:
        if one.probe is None:
            continue
        if not is_reached:
            verdicts.append(Verdict(one, cannot_tell(UNREAD)))
            continue
        try:
            seen = one.probe(survey, one.endpoint)
        except Fault as fault:
            seen = cannot_tell(f"the request failed ({in_words(fault)})", fault.message)
        except Exception as error:  # noqa: BLE001 - odd data must not hide what the other probes find
            seen = cannot_tell(f"this check failed ({type(error).__name__}): please report it")
        is_reached = is_reached and not (isinstance(one.probe, Reachable) and seen.finding != AS_ASSUMED)
        verdicts.append(Verdict(one, seen))
    not_probed = sum(one.probe is None for one in assumptions)
    return Result(connector, api_version, verdicts, not_probed, survey)
