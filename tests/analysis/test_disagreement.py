"""When a claim is called wrong, right, or is left to the reader; and how amounts are read from speech."""

from __future__ import annotations

import pytest

from backend.analysis.analyst import Brief
from backend.analysis.comparison import Comparison
from backend.analysis.proof import proof
from backend.analysis.quantities import amounts
from backend.analysis.said import Finding
from backend.analysis.subjects import plans
from backend.facts import Fact, FactMatch, Passage, Scope, WrongVersion
from tests.analysis.calls import brief, fact_passage

URL = "https://docs.prefect.io/v3/a-page"


def fact(
    statement: str, *wrong: str, name: str = "f-1", plans: tuple[str, ...] | None = None, sure: bool = True
) -> Fact:
    return Fact(
        id=name,
        statement=statement,
        title="A page",
        url=URL,
        wrong=tuple(WrongVersion(claim=claim) for claim in wrong),
        scope=Scope(plans=plans),
        confidence="high" if sure else "medium",
    )


SSO = fact("Single sign-on with SAML or OIDC is an Enterprise plan feature.", plans=("Enterprise",))
RETENTION = fact(
    "Runs are kept 7 days on Hobby and Starter, 14 days on Team and 30 days on Pro.",
    "All paid plans keep 30 days",
)
AUTOMATIONS = fact(
    "Events and automations are in open source since 3.0; in Prefect 2 they were Cloud-only.",
    "Automations are Cloud-only",
)


def judged(words: str, *facts: Fact, about: str = "") -> Finding:
    return Comparison().judge(words, about or words, brief(*facts))


def test_a_plan_that_the_feature_is_not_in_is_wrong() -> None:
    found = judged("Single sign-on comes with Pro.", SSO)
    assert (found.verdict, found.fact) == ("contradicted", SSO)
    assert "Pro" in found.reason
    assert "Enterprise" in found.reason


def test_the_plan_that_the_feature_is_in_is_not_wrong() -> None:
    assert judged("Single sign-on comes with Enterprise.", SSO).verdict != "contradicted"


def test_saying_that_a_plan_lacks_the_feature_is_not_wrong() -> None:
    assert judged("Pro doesn't have single sign-on.", SSO).verdict == "unclear"


def test_a_short_claim_takes_its_subject_from_what_it_answers() -> None:
    assert judged("That's in Pro and up.", SSO, about="And single sign-on? That's in Pro and up.").fact == SSO


def test_when_another_fact_gives_the_plan_nobody_is_accused() -> None:
    other = fact("Pro has single sign-on as well.", name="f-2", plans=("Pro", "Enterprise"))
    assert judged("Single sign-on comes with Pro.", SSO, other).verdict != "contradicted"


def test_a_fact_that_is_not_sure_accuses_nobody() -> None:
    unsure = SSO.model_copy(update={"confidence": "medium"})
    assert judged("Single sign-on comes with Pro.", unsure).verdict == "unclear"


def test_a_disputed_fact_accuses_nobody_and_the_dispute_is_told() -> None:
    disputed = SSO.model_copy(update={"conflict": "Another page says Pro."})
    found = judged("Single sign-on comes with Pro.", disputed)
    assert found.verdict == "docs_conflict"
    assert "Another page says Pro." in found.reason


def test_the_wrong_number_for_the_plans_is_wrong() -> None:
    found = judged("All the paid plans keep thirty days.", RETENTION)
    assert found.verdict in {"contradicted", "overstated"}
    assert "30 days" in found.reason


def test_the_right_number_for_one_plan_is_not_wrong() -> None:
    assert judged("On Pro the runs are kept thirty days.", RETENTION).verdict in {"supported", "unclear"}


def test_what_was_true_of_an_older_version_is_outdated() -> None:
    assert judged("Automations are only in Cloud.", AUTOMATIONS).verdict == "outdated"
    assert judged("Automations, in open source you don't have those.", AUTOMATIONS).verdict == "outdated"


def test_denying_a_wrong_version_is_right() -> None:
    assert judged("Automations are not just a hosted thing.", AUTOMATIONS).verdict == "unclear"


def test_only_makes_another_claim_of_the_same_words() -> None:
    jobs = fact(
        "Notebooks may be submitted once without a job.", "Only jobs that already exist can be started"
    )
    assert judged("You start jobs that already exist.", jobs).verdict == "unclear"


def test_words_that_are_near_accuse_nobody() -> None:
    cache = fact(
        "Caching needs result persistence, which is off by default.", "Caching is on out of the box for tasks"
    )
    assert judged("Tasks have caching, you turn it on.", cache).verdict == "unclear"


def test_the_same_number_and_subject_is_supported() -> None:
    worker = fact("A worker polls for scheduled runs every 15 seconds by default.")
    found = judged("The worker polls for scheduled runs every fifteen seconds.", worker)
    assert (found.verdict, found.fact) == ("supported", worker)


def test_another_number_is_not_supported() -> None:
    worker = fact("A worker polls for scheduled runs every 15 seconds by default.")
    assert (
        judged("The worker polls for scheduled runs every twenty seconds by default.", worker).verdict
        == "unclear"
    )


def test_an_absolute_is_not_supported_by_a_plain_statement() -> None:
    worker = fact("A worker polls for scheduled runs every 15 seconds by default.")
    assert (
        judged("The worker always polls for scheduled runs every fifteen seconds.", worker).verdict
        == "unclear"
    )


def test_what_is_not_decided_has_the_nearest_fact_beside_it() -> None:
    found = judged("It goes quite fast for most folks.", RETENTION)
    assert (found.verdict, found.fact) == ("unclear", RETENTION)


def test_without_knowledge_nothing_was_checked_and_with_no_match_nothing_settles_it() -> None:
    assert Comparison().judge("It is free.", "It is free.", None).verdict == "not_checked"
    assert Comparison().judge("It is free.", "It is free.", Brief()).verdict == "not_in_docs"
    weak = Brief(facts=[FactMatch(fact=SSO, score=0.5)])
    assert Comparison().judge("It is free.", "It is free.", weak).verdict == "not_in_docs"


def test_a_fact_that_changed_is_read_again() -> None:
    comparison = Comparison()
    pro = SSO.model_copy(
        update={"statement": "Single sign-on is on Pro.", "scope": Scope(plans=("Pro", "Enterprise"))}
    )
    words = "Single sign-on comes with Pro."
    assert comparison.judge(words, words, brief(SSO)).verdict == "contradicted"
    assert comparison.judge(words, words, brief(pro)).verdict != "contradicted"


@pytest.mark.parametrize(
    ("said", "value", "unit"),
    [
        ("thirty days", 30 * 86_400, "second"),
        ("half an hour", 1_800, "second"),
        ("forty five hundred minutes", 4_500 * 60, "second"),
        ("a hundred and ninety thousand task runs", 190_000, "run"),
        ("two thousand five hundred users", 2_500, "person"),
        ("twelve fifty dollars", 1_250, "dollar"),
        ("half a cent", 0.005, "dollar"),
        ("six twenty five requests", 625, "request"),
        ("for a year", 31_536_000, "second"),
        ("a couple of weeks", 1_209_600, "second"),
        ("half a million logs", 500_000, "log"),
        ("ten k requests", 10_000, "request"),
        ("$1,850", 1_850, "dollar"),
        ("2,500 requests a minute", 2_500, "request"),
        ("a hundred bucks a month", 100, "dollar"),
    ],
)
def test_numbers_said_as_words_are_numbers(said: str, value: float, unit: str) -> None:
    assert [(one.value, one.unit) for one in amounts(said)] == [(value, unit)]


def test_a_number_without_a_unit_is_no_amount() -> None:
    assert amounts("version three four nineteen") == ()
    assert amounts("") == ()


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("It's in Pro and up", {"Pro", "Enterprise"}),
        ("on any of the paid plans", {"Starter", "Team", "Pro", "Enterprise"}),
        ("on the free tier", {"Hobby"}),
        ("the pro plan", {"Pro"}),
        ("Team's fourteen", {"Team"}),
        ("our team is pro open source", set()),
        ("we have a starter kit", set()),
    ],
)
def test_plans_are_told_from_everyday_words(said: str, named: set[str]) -> None:
    assert plans(said) == named


def docs(text: str, url: str = URL) -> Passage:
    return fact_passage(SSO).model_copy(
        update={"id": "d-1", "text": text, "url": url, "source": "snapshot", "origin": "a copy"}
    )


def test_the_docs_own_sentence_is_the_evidence_where_it_says_the_same() -> None:
    says = "Single sign-on with SAML or OIDC is a feature of the Enterprise plan."
    [evidence] = proof(SSO, [docs(f"Welcome. {says} Ask sales."), fact_passage(SSO)])
    assert (evidence.quote, evidence.source, evidence.passage_id) == (says, "snapshot", "d-1")


def test_docs_with_another_number_are_not_the_evidence() -> None:
    worker = fact("A worker polls for runs every 15 seconds.")
    passage = docs("A worker polls for runs every 10 seconds.")
    [evidence] = proof(worker, [passage, fact_passage(worker)])
    assert (evidence.quote, evidence.source) == (worker.statement, "pack")


def test_without_a_passage_there_is_no_evidence() -> None:
    assert proof(SSO, []) == []


LIMITS = fact(
    "Per-minute API request ceilings on Prefect Cloud are 625 for Hobby, 1,250 Starter, 2,500 Team and "
    "5,000 Pro; Enterprise is negotiated."
)


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("On Hobby you keep your run history for thirty days.", "contradicted"),
        ("On Hobby you keep your run history for seven days.", "supported"),
        ("On Starter you get one thousand two hundred and fifty requests a minute.", "supported"),
        ("On the Team plan it's 1,250 requests a minute.", "contradicted"),
        # Nothing to compare: no figure for that plan, another unit or rate, two plans, a denial, no plan.
        ("On Enterprise it's 5,000 requests a minute.", "unclear"),
        ("On Hobby you keep your run history for two users.", "unclear"),
        ("On Starter you get 1,300 requests an hour.", "unclear"),
        ("On Starter and on Pro you get 1,300 requests a minute.", "unclear"),
        ("On Hobby you don't keep your run history for thirty days.", "unclear"),
        ("You keep your run history for ninety days.", "unclear"),
    ],
)
def test_a_figure_given_plan_by_plan_settles_what_is_said_of_one_plan(said: str, verdict: str) -> None:
    found = judged(said, RETENTION, LIMITS)
    assert found.verdict == verdict
    if verdict == "contradicted":
        assert "the docs give" in found.reason


def test_figures_of_an_unsure_fact_accuse_nobody() -> None:
    unsure = RETENTION.model_copy(update={"confidence": "medium"})
    assert judged("On Hobby you keep your run history for thirty days.", unsure).verdict == "unclear"


def test_what_a_fact_names_by_the_way_it_accuses_nobody_of() -> None:
    by_the_way = fact(
        "SCIM user provisioning comes with Enterprise plans and is switched on from the SSO tab.",
        plans=("Enterprise",),
    )
    assert judged("Single sign-on is included in every plan.", by_the_way).verdict == "unclear"


@pytest.mark.parametrize(
    ("said", "known"),
    [
        (
            "A run starts at the scheduled moment, at an interval's end.",
            "A run starts at the scheduled moment, whereas elsewhere it is at an interval's end.",
        ),
        (
            "The Kubernetes worker scales to zero between flow runs.",
            "The Cloud Run worker scales to zero between flow runs.",
        ),
        ("Global concurrency limit, twelve.", "Global concurrency limits show a limit of twelve."),
        ("You never get tag limits without global limits.", "Tag limits come with global limits."),
    ],
)
def test_words_in_common_with_another_statement_support_nothing(said: str, known: str) -> None:
    assert judged(said, fact(known)).verdict == "unclear"


def test_a_fact_about_another_product_too_supports_nothing() -> None:
    known = fact("Runs start at the scheduled moment, Airflow runs at an interval's end.")
    words = "Runs start at the scheduled moment, at an interval's end."
    found = Comparison(lambda text: "airflow" in text.lower()).judge(words, words, brief(known))
    assert found.verdict == "unclear"
    assert judged(words, known).verdict == "supported"


SETTINGS = fact(
    "Variables are stored without encryption; secrets belong in Secret blocks.", "Variables are encrypted"
)
LIMITS = fact(
    "Per-minute API request ceilings are 625 for Hobby, 1,250 Starter, 2,500 Team and 5,000 Pro.", name="f-2"
)


def test_a_plain_yes_where_the_fact_says_no_is_wrong() -> None:
    assert judged("Variables are encrypted the same way.", SETTINGS).verdict == "contradicted"
    assert judged("Variables aren't encrypted.", SETTINGS).verdict != "contradicted"


def test_each_number_of_a_claim_is_held_against_what_it_counts() -> None:
    said = "On Pro it's two thousand requests and ten thousand logs a minute."
    assert "two thousand requests" in judged(said, LIMITS).reason
    right = "On Pro it's five thousand requests and ten thousand logs a minute."
    assert judged(right, LIMITS).verdict == "unclear"


def test_a_plan_without_a_figure_of_its_own_gets_none_from_its_neighbour() -> None:
    kept = fact("Runs are kept 14 days on Team, 30 days on Pro and by agreement on Enterprise.")
    assert judged("On Enterprise the runs are kept ninety days.", kept).verdict == "unclear"


def test_a_wrong_version_needs_every_word_that_makes_it_wrong() -> None:
    image = fact(
        "Managed runs need an official Prefect image.", "You can run your own image on managed infrastructure"
    )
    assert judged("On managed pools we run on our own infrastructure.", image).verdict != "contradicted"


def test_a_way_the_fact_comes_up_bears_a_claim_out() -> None:
    crash = fact("A worker that misses three heartbeats is offline.").model_copy(
        update={"asks": ("A worker gets marked dead when its heartbeats stop.", "Is a worker dead then?")}
    )
    assert judged("The worker gets marked dead when the heartbeats stop.", crash).verdict == "supported"
    assert judged("The worker never gets marked dead when the heartbeats stop.", crash).verdict != "supported"


def test_what_is_as_near_to_a_wrong_version_is_not_borne_out() -> None:
    keys = fact(
        "Self-hosted servers have no API keys; workers use a basic-auth string.",
        "Self-hosted servers have API keys like Cloud",
    )
    assert judged("Self-hosted servers have API keys for workers.", keys).verdict != "supported"


def test_what_holds_in_cloud_is_not_borne_out_for_a_server() -> None:
    roles = fact("The roles are Viewer, Runner, Developer and Owner.").model_copy(
        update={"scope": Scope(edition="cloud")}
    )
    assert judged("The roles are viewer, runner, developer and owner.", roles).verdict == "supported"
    assert judged("The server's roles are viewer, runner, developer, owner.", roles).verdict == "unclear"


def test_a_dispute_about_one_plan_says_nothing_of_another() -> None:
    disputed = SSO.model_copy(update={"conflict": "One heading says Pro."})
    sure = fact("Single sign-on is not on Team; the docs name Enterprise.", name="f-2", plans=("Enterprise",))
    assert judged("Single sign-on comes with Pro.", sure, disputed).verdict == "docs_conflict"
    assert judged("Single sign-on is on Team.", sure, disputed).verdict == "contradicted"
