"""The declarations of what connectors assume, and the table that is made of them."""

import pytest
from session_source.airbyte.verify.assumption import (
    AS_ASSUMED,
    Assumption,
    Follows,
    Probe,
    Seen,
    nothing,
    report,
    setting,
)
from session_source.airbyte.verify.markdown import as_markdown
from session_source.airbyte.verify.survey import Survey


class Guess(Probe):
    how = "Looks at a | b."
    findings = {"odd": nothing("It is odd.")}

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        return Seen(AS_ASSUMED, "even")


def test_an_assumption_is_a_row_in_the_table_of_its_api() -> None:
    assumptions = {
        "": (
            Assumption("even", "It is even.", Guess(), "https://example.com"),
            Assumption("steady", "It stays so.", findings={"changes": setting("It changes.", "Set `x`.")}),
        )
    }
    assert as_markdown(assumptions) == (
        "| assumption | if it is otherwise | how `verify` checks it |\n"
        "|---|---|---|\n"
        "| `even`: It is even. ([page](https://example.com)) "
        "| It is odd. Nothing to do: the connector handles this. "
        "| Looks at a \\| b. |\n"
        "| `steady`: It stays so. | It changes. **→** Set `x`. | – |\n"
    )


def test_each_api_has_a_table_with_a_heading() -> None:
    one = (Assumption("even", "It is even.", Guess()),)
    text = as_markdown({"v1": one, "v2": one})
    assert text.count("### `v1`\n\n| assumption") == 1
    assert text.count("### `v2`\n\n| assumption") == 1


def test_a_vendor_describes_only_findings_that_its_probe_has() -> None:
    with pytest.raises(ValueError, match="even has findings"):
        Assumption("even", "It is even.", Guess(), findings={"green": nothing("It is green.")})


def test_a_vendors_finding_replaces_the_probes() -> None:
    one = Assumption("even", "It is even.", Guess(), findings={"odd": report("It is odd.", "That is bad.")})
    assert one.possible["odd"] == ("It is odd.", Follows.REPORT, "That is bad. Please report it.")
