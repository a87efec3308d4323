"""Every error a user of Call Coach can meet.

    CoachError                      500
    ├── UnusableSetting             the start is refused
    ├── UnusableKnowledge           a file of the knowledge pack or a prompt cannot be read
    ├── UnreadableMaterial          a document given to be checked cannot be read
    ├── UnreadableLabels            labelled data for an eval is not in the agreed format
    ├── BadRequest                  400
    │   ├── UnreadableTranscript    400  the bytes are not a transcript in the format they claim
    │   ├── UnknownFormat           415  no parser recognises them
    │   ├── NoTurns                 422  read, but nobody says anything in it
    │   └── CallTooLong             413  more turns or words than the settings allow
    ├── BodyTooLarge                413
    ├── NotLoggedIn                 401
    ├── Forbidden                   403
    ├── NotFound                    404
    ├── MethodNotAllowed            405
    ├── Conflict                    409  others changed the same thing at the same time
    ├── UnverifiedQuote             500  a quote is not in its turn or passage; never stored
    ├── TooManyJobs                 503
    ├── StoreUnavailable            503
    ├── KnowledgeUnavailable        a docs look-up gave no answer; the analysis goes on without it
    │   ├── PrefectUnreachable      prefect-mcp gave no answer: it is off, starting, gone, or too slow
    │   │   └── DocsUnreachable     or the docs server behind it
    │   ├── PrefectRefused     502  prefect-mcp answered with an error, mostly the Prefect API's
    │   └── QueryRefused            what was asked may not leave the house; nothing was sent
    └── AnalystFailed               Claude gave no usable answer; the rules analyst takes over
        └── AnalystAway             and will give none now: unreachable, refusing the key, over its budget

`str(error)` is one sentence for the user that says what is wrong and what to do. It never holds a secret
or a customer's words beyond the name of their file.
"""

from __future__ import annotations

from typing import ClassVar


class CoachError(Exception):
    """The root. `status` is the HTTP status it answers with, `title` the problem's short name,
    `retry_after_s` when the same request may be sent again."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Call Coach failed"
    retry_after_s: ClassVar[int | None] = None


class UnusableSetting(CoachError):
    title = "Unusable setting"


class UnusableKnowledge(CoachError):
    title = "Unusable knowledge"


class UnreadableMaterial(CoachError):
    title = "Unreadable material"


class UnreadableLabels(CoachError):
    title = "Unreadable labels"


class BadRequest(CoachError):
    status = 400
    title = "Bad request"


class UnreadableTranscript(BadRequest):
    title = "Unreadable transcript"


class UnknownFormat(BadRequest):
    status = 415
    title = "Unknown transcript format"


class NoTurns(BadRequest):
    status = 422
    title = "Nothing was said"


class CallTooLong(BadRequest):
    status = 413
    title = "Call too long"


class BodyTooLarge(CoachError):
    status = 413
    title = "Body too large"


class NotLoggedIn(CoachError):
    status = 401
    title = "Not logged in"


class Forbidden(CoachError):
    status = 403
    title = "Forbidden"


class NotFound(CoachError):
    status = 404
    title = "Not found"


class Conflict(CoachError):
    status = 409
    title = "Conflict"


class MethodNotAllowed(CoachError):
    status = 405
    title = "Method not allowed"


class UnverifiedQuote(CoachError):
    title = "Unverified quote"


class StoreUnavailable(CoachError):
    status = 503
    title = "Store unavailable"


class TooManyJobs(CoachError):
    status = 503
    title = "Too many jobs"
    retry_after_s = 60


class KnowledgeUnavailable(CoachError):
    status = 503
    title = "Knowledge unavailable"


class PrefectUnreachable(KnowledgeUnavailable):
    title = "Prefect unreachable"


class DocsUnreachable(PrefectUnreachable):
    title = "Docs unreachable"


class PrefectRefused(KnowledgeUnavailable):
    status = 502
    title = "Prefect refused"


class QueryRefused(KnowledgeUnavailable):
    title = "Query refused"


class AnalystFailed(CoachError):
    status = 502
    title = "Analyst failed"


class AnalystAway(AnalystFailed):
    title = "Analyst away"
