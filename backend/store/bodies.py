"""Stored bodies back to reports. Old versions are brought up on read, so that all else sees one shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from pydantic import JsonValue

from backend.errors import StoreUnavailable
from backend.report import REPORT_VERSION, CoachingReport
from backend.store.tables import ReportRow

Body = dict[str, JsonValue]
Steps = Mapping[int, Callable[[Body], Body]]

STEPS: Steps = {}
"""From the version that is the key to the next one. Whoever raises REPORT_VERSION adds a step."""


def report_in(row: ReportRow) -> CoachingReport:
    """The report of a row, or StoreUnavailable where the body is newer than this code or damaged."""
    if row.version > REPORT_VERSION:
        raise StoreUnavailable(
            f"Report {row.id} was written by a newer Call Coach (report version {row.version}, this one "
            f"reads up to {REPORT_VERSION}); upgrade Call Coach."
        )
    try:
        if row.version == REPORT_VERSION:
            return CoachingReport.model_validate_json(row.body)
        return CoachingReport.model_validate(_upgrade(json.loads(row.body), row.version))
    except (ValueError, KeyError, TypeError):
        # Without its cause: that would quote the call.
        raise StoreUnavailable(
            f"Report {row.id} is damaged in the store; restore it from a backup, or delete it and analyse "
            "the call again."
        ) from None


def _upgrade(body: Body, version: int, steps: Steps = STEPS) -> Body:
    """The body as the present version has it."""
    for step in range(version, REPORT_VERSION):
        body = steps[step](body)
    return {**body, "version": REPORT_VERSION}
