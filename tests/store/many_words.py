"""What is said on made-up calls: sentences of our own, by what they are about."""

from __future__ import annotations

from typing import NamedTuple

from backend.report import Handling, ObjectionCategory, Verdict


class Said(NamedTuple):
    """Something said of the product, what the docs say of it, and what should have been said."""

    topic: str
    words: str
    verdict: Verdict
    docs: str
    correction: str | None = None


CLAIMS = (
    Said("workers", "A worker polls its work pool for runs that are due.", "supported", "Workers poll."),
    Said("workers", "You start an agent on each machine and it takes the work.", "outdated",
         "Agents were replaced by workers.", "You start a worker, which takes runs from a work pool."),
    Said("single sign-on", "Single sign-on is included in every plan.", "contradicted",
         "Single sign-on comes with Pro and Enterprise.", "Single sign-on comes with Pro and above."),
    Said("single sign-on", "With Enterprise you get single sign-on and directory sync.", "supported",
         "Enterprise has single sign-on and SCIM."),
    Said("retention", "Flow runs are kept for thirty days on the free plan.", "contradicted",
         "Hobby keeps runs for seven days.", "Hobby keeps the history for seven days."),
    Said("retention", "How long the history is kept depends on the plan.", "supported",
         "Retention depends on the plan."),
    Said("caching", "Task results are cached by default.", "contradicted",
         "Results are not cached unless a cache policy is set.", "Caching begins when a policy is set."),
    Said("caching", "You set a cache policy on the task and it skips what it has done.", "supported",
         "A cache policy decides what is skipped."),
    Said("retries", "Retries on the free plan are unlimited.", "overstated",
         "Retries count within the run limit.", "Retries count within the run limit of the plan."),
    Said("retries", "You can put retries on a single task.", "supported", "Tasks take retries."),
    Said("automations", "Automations only exist in Prefect Cloud.", "overstated",
         "Automations are also in the self-hosted server.", "The open-source server has automations too."),
    Said("automations", "An automation can pause a schedule after three failures.", "unclear",
         "Automations act on triggers."),
    Said("hybrid execution", "Your code and data stay in your own cloud account.", "supported",
         "Code runs where you put it."),
    Said("hybrid execution", "Nothing at all is ever sent to our side.", "overstated",
         "Metadata goes to the control plane.", "Code and data stay; run metadata comes to us."),
    Said("schedules", "A schedule can skip public holidays by itself.", "not_in_docs", ""),
    Said("concurrency", "Global concurrency limits hold over all deployments.", "supported",
         "Global limits hold over runs everywhere."),
    Said("concurrency", "The limit on tags is one hundred for everybody.", "docs_conflict", "Two numbers."),
    Said("company", "We are the most used orchestrator in Europe.", "out_of_scope", ""),
    Said("events", "Events are kept for a year on every plan.", "contradicted",
         "Events are kept for seven days on Hobby.", "On Hobby events are kept for seven days."),
    Said("events", "Custom events can start a deployment.", "supported", "Events trigger deployments."),
)  # fmt: skip

OBJECTIONS: tuple[tuple[ObjectionCategory, str], ...] = (
    ("price", "Honestly that is more than we pay for the servers now."),
    ("status_quo", "What we have works well enough, most nights at least."),
    ("build_in_house", "Our platform group could write this in a quarter."),
    ("security", "Our security people will not like a control plane elsewhere."),
    ("migration_effort", "We have four hundred jobs, who is going to move them?"),
    ("lock_in", "And if we want to leave again in two years?"),
    ("timing", "This quarter is closed for anything new."),
    ("scale", "I am not sure it holds up with fifty thousand runs a day."),
    ("feature_gap", "We would miss the lineage view that we have today."),
    ("authority", "I would have a hard time selling this upstairs."),
)
HANDLED: tuple[Handling, ...] = ("well", "partly", "poorly", "ignored")
COMPETITORS = (
    ("airflow", "We are on Airflow today."),
    ("dagster", "Somebody here is looking at Dagster as well."),
    ("temporal", "The payments people run Temporal."),
    ("mwaa", "It is the managed one, MWAA."),
    ("step_functions", "A few things are in Step Functions."),
    ("in_house", "Half of it is a scheduler we wrote ourselves."),
    ("argo", "The cluster group likes Argo."),
    ("databricks", "Databricks has its own jobs and we pay for those already."),
)
QUESTIONS = (
    "What happens to a run when the machine under it disappears?",
    "Who carries the pager if your side is down?",
    "Can an auditor see who changed a deployment?",
    "Is there a way to try this without opening a firewall?",
)
TALK = (
    "Thanks for making the time today.",
    "Let me share my screen for a moment.",
    "So the nightly load begins at two and the finance report waits for it.",
    "When it breaks, somebody has to find out which of the tables is half written.",
    "That was the third weekend in a row for my team.",
    "How many people look after this at the moment?",
    "It is four of us, and one is on parental leave until spring.",
    "I would start with one pipeline that hurts and leave the rest alone.",
    "We could do a trial with the warehouse loads in the second half of the month.",
    "The data lands in a bucket and then three jobs read it.",
    "Our contract with the other vendor ends in February.",
    "What does one failed night cost you, roughly?",
    "Nobody has ever added that up, but the sales team notices at once.",
    "I will send the notes and the two pages I showed.",
    "Could you bring somebody from the platform group next time?",
    "The notebook people want to run things by hand, and that has to stay possible.",
    "We write most of it in Python, with a bit of dbt on top.",
    "Let us look at the failed run together.",
    "You can see here which task took so long and what it wrote to the log.",
    "Okay, that is clearer than what we have.",
    "I need to drop in five minutes, sorry.",
    "Then let us say Tuesday at ten, and I bring an engineer.",
)
RARE_WORD, RARE_IN = "kumquat", 5_000
"""In one call of so many, somebody says it."""
RARE_COMPETITOR = "quartz_scheduler"
PEOPLE = (
    "Ana Kowalska", "Mara Quint", "Tobias Lindqvist", "Priya Raman", "Jonas Weber", "Chloé Marchand",
    "Femi Adeyemi", "Grace O'Neill", "Hiro Tanaka", "Inês Duarte", "Karim Haddad", "Leona Fischer",
    "Milan Novák", "Nadia Petrova", "Oscar Nyberg", "Paula Reyes", "Quentin Moss", "Rosa Bianchi",
    "Sami Korhonen", "Tess Vandermeer", "Uma Krishnan", "Viktor Ilić", "Wanda Zielińska", "Xavier Pons",
    "Yusuf Demir", "Zoë Hart", "Abel Mensah", "Bettina Krause", "Cormac Byrne", "Dalia Mansour",
    "Edith Larsen", "Fabio Conti", "Gita Sharma", "Hugo Blanc", "Ivy Chen", "Joel Abrams",
    "Katya Orlova", "Liam Doyle", "Mina Park", "Noor Rahman",
)  # fmt: skip
COMPANIES = (
    "Kelp Genomics", "Northwind Freight", "Halden Insurance", "Blue Harbour", "Orchard Robotics",
    "Tessera Maps", "Quarry Bank", "Lumen Grid", "Fathom Media", "Saffron Foods", "Ironleaf",
    "Pallas Energy", "Kite & Co", "Marlow Health", "Redfern Retail", "Osprey Games", "Juniper Labs",
    "Vantage Rail", "Copper Valley", "Dovetail HR",
)  # fmt: skip
