"""A coached call made by hand: ten invented turns with every verdict, an objection of each handling,
competitors and questions. Its quotes are verbatim, so it passes `verify`."""

from __future__ import annotations

from datetime import UTC, datetime

from backend.facts import Passage
from backend.report import (
    AnalystUsed,
    Claim,
    CoachingReport,
    CompetitorMention,
    Evidence,
    FollowUp,
    KnowledgeUsed,
    Objection,
    OpenQuestion,
    Priority,
    RubricUsed,
    Score,
    SpeakerTalk,
    Strength,
    Suggestion,
    TalkMoment,
    TalkStats,
    Verdict,
)
from backend.transcript import Call, Participant, Quote, Turn

READ_AT = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)
REP, BUYER, ENGINEER = "Robin Vale", "Dana Okafor", "Émile Roy"

SPOKEN = [
    (
        REP,
        ("Thanks for making time. You said you run Airflow today and that upgrades hurt. Is that still so?"),
    ),
    (BUYER, "Yes. Every upgrade costs us a weekend. We are also looking at Dagster, to be fair."),
    (
        REP,
        (
            "Got it. So with Prefect a flow is plain Python, there is no DAG file. And every plan has"
            " single sign-on, so your security people will be fine. You would start an agent in your "
            "cluster and it picks up the work."
        ),
    ),
    (
        ENGINEER,
        ("We looked at agents once. Does it run in our own cluster, or does our data go through you?"),
    ),
    (
        REP,
        (
            "It runs in your cluster, your data never leaves it. Task results are cached by default "
            "for a day. And retries are unlimited on the free plan."
        ),
    ),
    (BUYER, "Honestly the price is what worries me. It is twice what we pay for the servers now."),
    (
        REP,
        (
            "I hear you. We are cheaper than Dagster for most teams, and we have more customers than "
            "anyone. The worker polls every ten seconds out of the box."
        ),
    ),
    (ENGINEER, "And who carries the pager if your side is down? Our old vendor was down for a day."),
    (REP, "We publish our uptime, it is four nines. Anyway, let me show you the work pool page."),
    (BUYER, "Fine. Send us something in writing and we will talk after the holidays."),
]
STARTS = [4, 11, 24, 61, 70, 92, 103, 131, 140, 152]


def sample_report(report_id: str = "a1b2c3") -> CoachingReport:
    """The report, all of it valid; tests change what they are about with `model_copy(update=...)`."""
    turns = sample_turns()
    passages = _passages()
    return CoachingReport(
        id=report_id,
        created_at=READ_AT,
        content_key=f"key of {report_id}",
        call=Call(
            id="call-7",
            title="Kelp Genomics: second call",
            started_at=datetime(2026, 11, 19, 15, 30, tzinfo=UTC),
            duration_s=165,
            participants=[
                Participant(id="1", name=REP, email="robin@prefect.io", side="internal", role="ae"),
                Participant(id="2", name=BUYER, side="external"),
                Participant(id="3", name=ENGINEER, side="external"),
            ],
        ),
        turns=turns,
        analyst=AnalystUsed(kind="rules"),
        knowledge=KnowledgeUsed(
            status="fresh",
            read_at=READ_AT,
            sources=["a docs server for tests"],
            look_ups=9,
            cache_hits=4,
            failed=0,
            ms=412.5,
        ),
        talk=_talk(),
        claims=_claims(turns, passages),
        objections=_objections(turns, passages),
        competitors=_competitors(turns),
        questions=_questions(turns, passages),
        scores=[
            Score(name="accuracy", value=43, because=["c1", "c2", "c3"]),
            Score(name="objection_handling", value=50, because=["o1", "o2"]),
            Score(
                name="discovery",
                value=20,
                because=["t1"],
                level="poor",
                why="1 open question of ours is about them.",
                good="Open questions.",
                fair="A few.",
                poor="A pitch.",
                measured=["Questions counted: full marks at 5."],
            ),
            Score(name="answers", value=None, why="They asked nothing."),
        ],
        rubric=RubricUsed(
            id="ae", name="Account executive", version=3, why="Robin Vale is an account executive."
        ),
        talk_moments=[
            TalkMoment(id="t1", kind="our_question", quote=said(turns, 0, "Is that still so?")),
        ],
        strengths=[Strength(text="Named the customer's pain in the first sentence.", quotes=["m1"])],
        priorities=[
            Priority(
                title="Say which plans have single sign-on",
                why="You promised it for every plan. Their security review will find that it is not so.",
                do="“Single sign-on comes with the Pro plan and above; let us see which one fits you.”",
                quotes=["c2"],
            ),
            Priority(
                title="Answer the price before moving on",
                why="The worry about price was met with a comparison nobody can check.",
                do="“What does one upgrade weekend cost you? Let us put that beside the price.”",
                quotes=["o1", "c8"],
            ),
        ],
        follow_up=FollowUp(
            subject="After our call: two corrections",
            body="Hello Dana,\n\nNot every plan has single sign-on: it comes with Pro and above.\n\nRobin",
        ),
        warnings=["The file did not say when each word was spoken; the times are those of its cues."],
        passages=list(passages.values()),
    )


def sample_turns() -> list[Turn]:
    ends = [*STARTS[1:], 165]
    return [
        Turn(
            index=index,
            speaker=speaker,
            side="internal" if speaker == REP else "external",
            start_s=float(STARTS[index]),
            end_s=float(ends[index]),
            text=text,
        )
        for index, (speaker, text) in enumerate(SPOKEN)
    ]


def long_report(length: int) -> CoachingReport:
    """The sample spoken over and over until there are `length` turns, with all its moments each time."""
    once = sample_report("long")
    rounds = -(-length // len(SPOKEN))
    turns = [
        turn.model_copy(update={"index": turn.index + again * 10, "start_s": turn.index * 7.2 + again * 72})
        for again in range(rounds)
        for turn in once.turns
    ][:length]
    lists: dict[str, list[object]] = {}
    for name in ("claims", "objections", "competitors", "questions"):
        lists[name] = [
            moment.model_copy(
                update={
                    "id": f"{moment.id}-{again}",
                    "quote": moment.quote.model_copy(update={"turn": moment.quote.turn + again * 10}),
                    "response": None,
                }
            )
            for again in range(rounds)
            for moment in getattr(once, name)
            if moment.quote.turn + again * 10 < length
        ]
    return once.model_copy(update={"turns": turns, "priorities": [], "scores": [], "strengths": [], **lists})


def said(turns: list[Turn], turn: int, words: str) -> Quote:
    """These words of that turn, which must hold them."""
    quote = turns[turn].find(words)
    assert quote, f"turn {turn} does not hold {words!r}"
    return quote


def _passages() -> dict[str, Passage]:
    texts = {
        "plain": "A flow is a Python function with a decorator. No separate file describes the graph.",
        "sso": "Single sign-on is part of the Pro and Enterprise plans.",
        "agents": "Agents belong to Prefect 2. In Prefect 3 a worker takes runs from a work pool.",
        "cache": "Results are not cached unless a cache policy is set.",
        "retry": "The free plan allows retries within its run limit.",
        "poll10": "A worker polls for runs every ten seconds.",
        "poll15": "By default the worker asks every fifteen seconds.",
        "data": "In a hybrid setup the code runs where you put it; metadata goes to the control plane.",
    }
    return {
        name: Passage(
            id=name,
            url=None if name == "retry" else f"https://docs.prefect.io/v3/{name}",
            title=f"About {name}",
            text=f"Before. {text} After.",
            read_at=READ_AT,
            source="pack" if name == "retry" else "prefect-mcp",
            origin="Call Coach's knowledge pack" if name == "retry" else "a docs server for tests",
        )
        for name, text in texts.items()
    }


def _evidence(passages: dict[str, Passage], *names: str) -> list[Evidence]:
    found = [passages[name] for name in names]
    return [
        Evidence(
            passage_id=passage.id,
            url=passage.url,
            title=passage.title,
            quote=passage.text.removeprefix("Before. ").removesuffix(" After."),
            read_at=passage.read_at,
            source=passage.source,
            origin=passage.origin,
        )
        for passage in found
    ]


def _claims(turns: list[Turn], passages: dict[str, Passage]) -> list[Claim]:
    made: list[tuple[int, str, str, Verdict, str, str | None, tuple[str, ...]]] = [
        (2, "a flow is plain Python", "flows", "supported", "The docs say the same.", None, ("plain",)),
        (
            2,
            "every plan has single sign-on",
            "single sign-on",
            "contradicted",
            "The docs name two plans, not all of them.",
            "Single sign-on comes with Pro and Enterprise.",
            ("sso",),
        ),
        (
            2,
            "You would start an agent in your cluster",
            "agents",
            "outdated",
            "Agents were replaced by workers in Prefect 3.",
            "You start a worker, which takes runs from a work pool.",
            ("agents",),
        ),
        (
            4,
            "your data never leaves it",
            "hybrid execution",
            "unclear",
            "The settling passage stands beside this.",
            None,
            ("data",),
        ),
        (
            4,
            "Task results are cached by default for a day",
            "caching",
            "not_checked",
            "The look-up failed.",
            None,
            (),
        ),
        (
            4,
            "retries are unlimited on the free plan",
            "retries",
            "overstated",
            "True only within the plan's run limit.",
            "Retries count within the run limit of the free plan.",
            ("retry",),
        ),
        (
            6,
            "we have more customers than anyone",
            "the company",
            "out_of_scope",
            "About the company.",
            None,
            (),
        ),
        (
            6,
            "We are cheaper than Dagster for most teams",
            "price",
            "not_in_docs",
            "No page gives prices of others.",
            None,
            (),
        ),
        (
            6,
            "The worker polls every ten seconds",
            "worker polling",
            "docs_conflict",
            "Two pages give two numbers.",
            None,
            ("poll10", "poll15"),
        ),
    ]
    return [
        Claim(
            id=f"c{number}",
            quote=said(turns, turn, words),
            topic=topic,
            verdict=verdict,
            confidence=0.8,
            reason=reason,
            correction=correction,
            evidence=_evidence(passages, *names),
        )
        for number, (turn, words, topic, verdict, reason, correction, names) in enumerate(made, start=1)
    ]


def _objections(turns: list[Turn], passages: dict[str, Passage]) -> list[Objection]:
    return [
        Objection(
            id="o1",
            quote=said(turns, 5, "the price is what worries me"),
            category="price",
            handled="poorly",
            response=said(turns, 6, "I hear you."),
            suggestion=Suggestion(text="Ask what an upgrade weekend costs, then compare."),
        ),
        Objection(
            id="o2",
            quote=said(turns, 3, "does our data go through you?"),
            category="security",
            handled="partly",
            suggestion=Suggestion(
                text="Say what leaves: metadata only.", evidence=_evidence(passages, "data")
            ),
        ),
        Objection(
            id="o3",
            quote=said(turns, 1, "Every upgrade costs us a weekend"),
            category="status_quo",
            handled="well",
            suggestion=Suggestion(text="Keep to their own words."),
        ),
        Objection(
            id="o4",
            quote=said(turns, 7, "Our old vendor was down for a day"),
            category="support",
            handled="ignored",
            suggestion=Suggestion(text="Say who is on call and how one reaches them."),
        ),
    ]


def _competitors(turns: list[Turn]) -> list[CompetitorMention]:
    said_of = [
        (0, "Airflow", "airflow", "current_tool"),
        (1, "Dagster", "dagster", "evaluating"),
        (6, "Dagster", "dagster", "passing"),
        (7, "old vendor", "other", "past"),
    ]
    return [
        CompetitorMention.model_validate(
            {
                "id": f"m{number}",
                "quote": said(turns, turn, words),
                "competitor": competitor,
                "context": context,
                "positioning": {"text": "Talk about upgrades, which hurt them, not about features."},
            }
        )
        for number, (turn, words, competitor, context) in enumerate(said_of, start=1)
    ]


def _questions(turns: list[Turn], passages: dict[str, Passage]) -> list[OpenQuestion]:
    return [
        OpenQuestion(
            id="q1",
            quote=said(turns, 3, "Does it run in our own cluster, or does our data go through you?"),
            answered=True,
            suggestion=Suggestion(text="Name what leaves.", evidence=_evidence(passages, "data")),
        ),
        OpenQuestion(
            id="q2", quote=said(turns, 7, "who carries the pager if your side is down?"), answered=False
        ),
    ]


def _talk() -> TalkStats:
    return TalkStats(
        words=190,
        turns=10,
        rep_share=0.62,
        longest_monologue_s=37,
        longest_monologue_words=44,
        questions_by_rep=1,
        questions_by_prospect=2,
        interruptions=0,
        words_per_minute=69.1,
        speakers=[
            SpeakerTalk(speaker=REP, side="internal", words=118, share=0.62, questions=1, seconds=104),
            SpeakerTalk(speaker=BUYER, side="external", words=42, share=0.22, questions=0, seconds=35),
            SpeakerTalk(speaker=ENGINEER, side="external", words=30, share=0.16, questions=2, seconds=26),
        ],
    )
