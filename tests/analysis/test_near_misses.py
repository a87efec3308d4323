"""Right sentences, and such as nothing settles, that were once taken for a mistake.

Written to break the rules. They are about another product, the customer's own, the other of two editions or
plans, hold under a condition, or use the same words for another thing.
"""

from __future__ import annotations

import json

import pytest

from backend import formats
from backend.analysis.engine import Coach
from backend.formats import CallHints, Limits
from backend.report import ACCUSING
from tests.analysis.test_accusations import coach

pytestmark = pytest.mark.anyio
__all__ = ["coach"]

NEAR: dict[str, tuple[str | tuple[str, str], ...]] = {
    "A Kubernetes pool starts a pod for every task": (
        "In Kubernetes the flow run gets a pod, each task runs inside of it.",
        "Decorate each of the tasks' flows with kubernetes and every one gets its own pod.",
        "Sure, and every task gets its own pod, and pigs fly.",
    ),
    "A flow retry always resumes exactly where it failed with no setup": (
        "On a retry the task that failed is retried, right where it failed, within the same run.",
        "A task retry happens right where it failed, in the same process.",
        "A retry exactly where it failed is what task retries give you.",
        "A rerun of the failed task, right where it stopped, happens in the same flow run.",
        "Retries at the task: exactly where it failed.",
        "A task that's retried goes again right where it failed.",
        "The task is retried right where it failed.",
        "When a task has retries it runs again exactly where it failed.",
    ),
    "AWS Lambda is among the push targets": (
        "You can push data from Lambda to Prefect Cloud.",
        "A cloud function can push an event to Prefect.",
    ),
    "Admins can also get round SSO": (
        "Members skip the invite when they come through SSO.",
        "With SSO, members skip the signup form.",
        "With SSO on, members can skip the password.",
    ),
    "Agents are the recommended way to run flows in 3": (
        "You run the agent in a flow and each tool call is a task.",
    ),
    "Airflow DAG files run in Prefect without changes": (
        "The functions inside your DAG files work as they are, the operators become tasks.",
        "You can bring your dbt DAG as is, the dbt integration runs it.",
        "Every DAG becomes a flow, most Python code moves without changes.",
    ),
    "Any Kubernetes cluster can be a push target": ("We can push metrics to Kubernetes dashboards.",),
    "Any Redis works, clustered or single node": (
        "Redis cluster is fine for your app's cache.",
        "Your Redis cluster can be read from a flow with prefect-redis.",
        "Any Redis from 6 on works for a single node.",
        "Any Redis works with TLS.",
    ),
    "Any failed task automatically turns the flow red": (
        "If any task fails and you call result on it, the flow fails.",
        "You can set it up so that one failed task fails the flow.",
        "One task fails, the flow fails, by default.",
        "By default one failed task fails the flow.",
    ),
    "Any running script can be cancelled from the UI": (
        "You can kill any script on your laptop with Ctrl-C.",
        "Control-C can kill a local script, and Prefect marks it crashed.",
    ),
    "Any valid iCal recurrence rule works, COUNT included": (
        "RRule supports every option of the library minus count.",
        "You can count on RRules for odd calendars.",
        "RRules have the full spec minus count.",
    ),
    "Automations are Cloud-only": ("Event-driven flows need either Prefect Cloud or a self-hosted server.",),
    "Automations are exclusive to Prefect Cloud": (
        "For automations you need Cloud or a server.",
        "To run automations you need Prefect Cloud or the open source server.",
        "Automations need a backend, so Cloud or the server you run.",
        "Automations are part of Cloud and of open source.",
        "Automations are a Cloud feature and an open source feature.",
        "Automations need Cloud or they need the server.",
    ),
    "Backoff, jitter and retry conditions are available on flows too": (
        "Tasks in flows have jitter too.",
        "Tasks inside flows have backoff as well.",
        "Tasks have exponential backoff, and tasks in child flows too.",
    ),
    "Bring any Docker image you like to a managed pool": (
        "Managed works with Prefect's own image.",
        "A managed database works with your own image as well.",
    ),
    "Caching guarantees a given computation runs once, even under concurrency": (
        "The cache makes sure it runs once per key, mostly.",
    ),
    "Concurrency limits are enforced in the worker, so they add no API traffic": (
        "Concurrency slots don't count as runs.",
        "The concurrency limits are free.",
        "When slots are free the worker starts runs.",
        "Concurrency limits are free to use with the API.",
    ),
    "Concurrency requires a paid plan": ("Serverless concurrency is higher on a paid plan.",),
    "Declaring incidents works on self-hosted servers too": (
        "On open source you get notifications when an incident happens in your cluster.",
        "Incidents on self-hosted are yours.",
        "The self-hosted server can have an incident.",
        "Self-hosted servers have incidents too.",
    ),
    "Decorated tasks run in parallel automatically": (
        "The tasks in your Snowflake run in parallel automatically.",
    ),
    "Deploying uploads your code to Prefect Cloud": ("You keep your code where it is.",),
    "Deployment rollback is in every edition, open source included": (
        "Rolling back on open source works by deploying the previous commit.",
        "In open source you can roll back the container image of your server.",
        "Downgrading the self-hosted server can roll back the schema.",
        "Rollback in open source is a redeploy.",
        "In open source, rolling back is redeploying.",
        "You can roll back on open source with a redeploy.",
    ),
    "Each workspace has its own rate limit, so just add workspaces": (
        "There's a limit per workspace on custom blocks.",
    ),
    "Every 2.x workflow runs unchanged on 3": ("Going from 2 to 3 your blocks run unchanged.",),
    "Every work pool needs at least one worker polling it": (
        "You always need a worker for that pool type.",
        "For your own VPC you always need a worker.",
        "Every work pool needs a type.",
    ),
    "FastMCP is the official Anthropic SDK": (
        "Part of the official MCP SDK from Anthropic came from FastMCP.",
        "FastMCP is a library by Prefect for the protocol from Anthropic.",
        "FastMCP is from Prefect, the protocol is from Anthropic.",
    ),
    "Flows run 98 percent faster on version 3": ("Your queries got 98% faster with Snowflake.",),
    "Heartbeats can be sent every few seconds": ("You can set your app's heartbeat to every five seconds.",),
    "High availability is only possible with Cloud": (
        "For high availability you need Cloud or several self-hosted servers.",
        "Multi-region HA is not possible with the open source server.",
        "With the in-memory message broker, more than one server is not possible.",
    ),
    "Higher priority numbers run first, so give critical work 100": (
        "In a queue, the higher the number the longer it waits.",
        "SQS queues take the higher number first.",
        "A work queue with a bigger number has less priority.",
        "Higher numbers wait longer in a work queue.",
    ),
    "Hobby supports your own Docker or Kubernetes workers": (
        "On Hobby you can still serve flows from your own machines.",
    ),
    "Hooks are executed by the server, so they always fire": (
        "The on_failure hook runs every time a run ends as failed.",
        "Failure hooks always run in the flow's process.",
        "Hooks run every time a run gets to that state.",
        "A hook is run every time a state is set.",
    ),
    "It can create deployments straight from the chat": (
        "The dbt MCP server can trigger runs in dbt Cloud.",
        "Your assistant can kick off runs by the REST API, MCP is for reading.",
    ),
    "Lineage of data outputs is part of the open source server": (
        "Assets in open source work as decorators.",
        "Assets are available in the open source package.",
    ),
    "Log batching means a hundred lines cost one request": (
        "A batch of logs is one HTTP call, the log limit counts lines.",
        "One batch is one API request, its lines count for the log limit.",
    ),
    "Logs stay on the worker and must be fetched from there": (
        "Logs of a library stay on the worker till you add the logger.",
        "Logs from the process itself stay on the worker's stdout.",
        "Logs at debug level aren't sent when the level is set to info.",
        "Logs at the root logger stay on the worker.",
        "System logs stay on your worker.",
    ),
    "Managed pools have GPUs": ("On managed AWS Batch you have GPUs.",),
    "MySQL is supported as a backend": (
        "You can keep MySQL as the database of your app, the server gets Postgres.",
        "Mongo works as the backend of your app.",
    ),
    "Nothing ever leaves your VPC": (
        "Your business data never reaches us, states and parameters do.",
        "Your raw data never reaches us.",
        "Nothing of the data itself leaves your VPC.",
    ),
    "OSS has no UI": ("There's no dashboard for audit logs in open source.",),
    "OSS has no authentication at all": (
        "No authentication is set on a fresh self-hosted server.",
        "Self-hosted starts with no auth, then you set server API auth string.",
    ),
    "Only cron schedules are supported": ("EventBridge schedules are only cron and rate.",),
    "Prefect SLAs are generally available": (
        "Service levels at AWS for fully released services are different.",
    ),
    "Prefect automatically reverts whatever your tasks did, no code needed": (
        "Postgres automatically rolls back the transaction when the task fails.",
        "A database transaction rolls back automatically.",
    ),
    "Prefect automatically undoes changes in your database": (
        "Rollback in a transaction runs what you registered, automatically.",
    ),
    "Prefect detects a killed pod instantly without configuration": (
        "With the Kubernetes observer, a killed pod is marked crashed right away.",
        "On a graceful shutdown the run is marked crashed right away.",
    ),
    "Prefect flows need a DAG": ("You define the DAG in code as you go.",),
    "Prefect follows strict semantic versioning": (
        "We follow semver more or less.",
        "Patch releases follow semver.",
        "dbt follows semver strictly.",
    ),
    "Prefect has a TypeScript, Java or Go SDK for writing workflows": (
        "You can write flows in Python and run Java from a task.",
        "Our workflows in Python run next to your Java services, which works fine.",
    ),
    "Prefect keeps return values in its own backend": (
        "The run's states are stored in Cloud for you, results are on the worker.",
    ),
    "Prefect maintains an official Pulumi provider": (
        "Pulumi has a way to use any provider of Terraform's, ours is official.",
        "Pulumi itself is officially maintained by Pulumi the company.",
        "Terraform is official and Pulumi works with it.",
    ),
    "Prefect reverses all side effects without you defining anything": (
        "You register a rollback and it's called for you when the transaction fails.",
        "The transaction rolls back by itself in the database.",
    ),
    "Prefect's core is MIT licensed": (
        "Apache and MIT licenses are about the same for your use, and Prefect core is Apache.",
    ),
    "Push pools can be moved to a self-hosted server": (
        "Managed execution is our compute, the open source server is yours.",
    ),
    "RBAC is an open source feature": ("You've got one role in open source, that's everybody is admin.",),
    "Rate limits are soft limits, so nothing gets refused": (
        "Limits in your own server are soft limits you set.",
        "There's a soft limit on your AWS account.",
    ),
    "Results are stored in Prefect Cloud": (
        "Results live on your disk by default, state lives in Cloud.",
        "Cloud keeps the pointer to results.",
    ),
    "Rolling back also restores the old schedule": ("Helm rollback brings the old limits back too.",),
    "SLAs are a generally available, stable feature": ("The SLAs in your contract are production ready.",),
    "SLAs are part of open-source Prefect too": (
        "SLAs are what Cloud has on top of the open source server.",
        "You can build something like SLAs on the open source server with proactive triggers.",
        "Moving from open source to Cloud gives you SLAs.",
        "SLAs come with Cloud, and for self-hosted there's the proactive trigger.",
        "SLAs on self-hosted is something people want.",
        "The SLA work on self-hosted is on our list.",
        "Your team's SLAs are on the self-hosted box.",
    ),
    "SLAs work the same on the self-hosted server": (
        "Customers that run open source have internal SLAs they must meet.",
    ),
    "SSO can be switched on in the self-hosted server with a setting": (
        "SSO works with self-hosted through Authentik.",
        "Customers get SSO on self-hosted with Pomerium.",
        "There's a request for SSO on the self-hosted server.",
        "There's an open issue about SSO on the self-hosted server.",
    ),
    "Self-hosted Prefect includes the same workspace roles": (
        "In the open source Helm chart there's a role and a role binding for the worker.",
        "On self-hosted all have the same role.",
    ),
    "Self-hosted server includes RBAC and audit logs": (
        "Self-hosted you can ship the server's access logs to your SIEM as an audit trail.",
        "The role of the server is to hold state, it's open source.",
        "Everybody has the same role in open source.",
    ),
    "Self-hosted servers can receive these webhooks too": (
        "Open source webhooks are things you build.",
        "In open source you get a webhook block.",
        "Somebody opened a PR that gives open source webhooks.",
    ),
    "Setting a tag's limit to zero pauses its tasks until you raise it": (
        "With zero free slots, tagged tasks wait for one.",
        "A paused queue holds tagged runs, zero start.",
    ),
    "TaskFlow code runs in Prefect unchanged": (
        "Your dbt DAG runs unchanged in Prefect through the dbt runner.",
        "The Python in your DAGs can come as is, you swap the decorators.",
    ),
    "Tasks run in parallel automatically": ("Your independent flows run in parallel automatically.",),
    "The AI summaries work on the open-source server with your own model key": (
        "You can write a summary of the logs with an LLM flow on your own server.",
    ),
    "The MCP server can deploy or cancel flows by itself": (
        "With the MCP server an assistant can read events such as a cancel.",
        "MCP in general lets a model take actions like delete files.",
    ),
    "The MCP server is generally available": ("The dbt MCP server is generally available.",),
    "The MCP server is generally available and stable": (
        "The MCP server works with any stable version of Prefect 3.",
        "The MCP server talks to stable Prefect APIs.",
        "MCP is stable enough for a pilot.",
    ),
    "The audit log shows what data each flow read": (
        "An audit of your S3 bucket shows every read.",
        "The audit log in AWS shows who read the object.",
    ),
    "The dbt orchestrator is generally available with a public import path": (
        "We're the orchestrator, dbt is production ready anyway.",
        "The orchestrator for dbt you have in production is stable.",
    ),
    "The default SQLite setup is fine for highly available production": (
        "SQLite works till you want failover.",
    ),
    "The default isolation level is SERIALIZABLE": (
        "The isolation level can be set to serializable.",
        "Transactions can use the serializable isolation level.",
    ),
    "The free Hobby plan can run ECS workers": (
        ("We are on the free tier of AWS and use Docker.", "Okay, you can run a worker in Docker."),
    ),
    "The open source server comes with per-user logins and roles": (
        "Self-hosted roles are zero.",
        "On self-hosted everyone has the same role, admin.",
        "In self-hosted there's one role for everybody.",
    ),
    "The open-source server comes without a UI": (
        "The self-hosted server comes with the UI, no dashboard for billing of course.",
    ),
    "The open-source server has no UI": (
        "There's no UI to install, the open source server ships it.",
        "Open source has no dashboard you need to pay for.",
        "Without a UI you can run open source headless, there's a setting.",
    ),
    "The orchestrator is generally available": (
        "Prefect is a stable orchestrator for dbt.",
        "The dbt integration of the orchestrator is stable.",
    ),
    "The worker has to run as root": ("A worker can run as root, a dedicated user is better.",),
    "There are hundreds of official connectors": (
        "You're running three hundred integrations for your partners, that works.",
        "We run hundreds of integration tests.",
        "Hundreds of companies use our dbt integration.",
        "Thousands of flows use the Snowflake connector.",
    ),
    "There is a Kubernetes push pool": ("You can push to Kubernetes from CI.",),
    "There is a converter that turns your DAGs into flows automatically": (
        "An agent in your IDE converts DAGs automatically.",
        "We have professional services who convert your DAGs for you.",
        "You give the DAG to a coding assistant and it converts them.",
    ),
    "There is an official Kafka integration": (
        "Your native Kafka integration stays, and we react to its events.",
        "AWS gives you a native Kafka integration with Lambda.",
    ),
    "Timeouts always kill a hanging task at the deadline": (
        "Kubernetes always kills the pod when the active deadline is over.",
        "The job timeout on ECS always kills the container.",
        "The job watch timeout always ends it in Kubernetes.",
        "The run's timeout in Kubernetes always kills the pod.",
    ),
    "Variables are encrypted": ("Values in a secret are encrypted, values in a variable are plain.",),
    "Variables are encrypted at rest so you can keep passwords in them": (
        "Variables go over TLS, so they're encrypted in transit.",
        "Data in Cloud is encrypted at rest, variables included.",
    ),
    "Version three is a full rewrite, every flow has to be ported by hand": (
        "They chose a full rewrite when they went from two to three.",
        "From bash scripts to Prefect 3 you rewrite everything in Python.",
    ),
    "Webhook URLs are authenticated by default": (
        "The API must always have an API key, webhook URLs don't.",
    ),
    "Webhooks are available in the self-hosted open-source server": (
        "Webhooks work in Cloud, with self-hosted you need a bridge.",
        "We want to bring webhooks to open source.",
    ),
    "Webhooks became part of open source along with events": (
        "In open source an automation can run a webhook.",
    ),
    "Workers keep a permanent connection open through which Prefect Cloud starts jobs instantly": (
        "You can start a worker instantly from the CLI.",
        "Once the worker picks it up, the process starts immediately, in milliseconds.",
    ),
    "You always need a worker": (
        "You always need a worker on-premises.",
        "In your data center, it's always a worker.",
    ),
    "You can create API keys per user on the self-hosted server": (
        "On the self-hosted server your flows can have an API key for OpenAI in a block.",
    ),
    "You can run free Hobby flows on your own Kubernetes or ECS": (
        "With Hobby the flow can start a job on ECS through boto3.",
        "Hybrid work pools are what you get once you leave Hobby.",
        "We have a hobby group that runs Prefect on Kubernetes.",
        "Push pools run on the plans above Hobby.",
        "The free plan comes with a Kubernetes guide.",
        "Hobby runs use a Docker image of ours.",
        "On Hobby the Docker image is ours.",
        "The Hobby plan can use a Docker image we give you.",
    ),
    "You can run several server workers on SQLite": (
        "SQLite works with multiple workers.",
        "You can use SQLite with several workers, one server.",
    ),
    "You have to upgrade all clients before the server": (
        "First the server, then workers; workers first is bad.",
    ),
    "You install an agent, that's how Prefect 3 picks up runs": (
        "Your agents poll the server, that's the old setup.",
    ),
    "You must migrate your whole code base to Pydantic 2 first": (
        "All your models that are parameters have to move to Pydantic two.",
        "Everything of ours moved to Pydantic 2.",
        "FastAPI moved everything to Pydantic 2.",
        "In Prefect 3, all the models of Prefect are Pydantic 2.",
    ),
    "You need Cloud for retries": (
        "Retrying incidents is only in Cloud.",
        "AWS retries three times at most.",
    ),
    "You upload your code to Prefect Cloud": ("Bitbucket hosts it, each run pulls a copy of your code.",),
    "Your own server keeps events forever because it's your disk": ("Events in Kafka stay forever.",),
    "Your pipelines run 90 percent faster in version three": (
        "With caching they saw runs 90 percent faster.",
    ),
    "Your run history comes with you": (
        "Results stay in your bucket, so moving to Cloud keeps your results.",
    ),
    "the docs give 625 there.": ("You're on Hobby with four hundred requests a minute.",),
    "the docs give 7 there.": ("As a hobby I run it with thirty days of history.",),
    "the docs name Enterprise.": ("SCIM is on Enterprise, service accounts are on Team and up.",),
}
"""By the wrong version they were taken for; in pairs, what was asked before."""


@pytest.mark.parametrize("mistaken_for", NEAR)
async def test_nobody_is_accused_who_comes_near_a_mistake(coach: Coach, mistaken_for: str) -> None:
    said = [one if isinstance(one, tuple) else ("Okay, tell me.", one) for one in NEAR[mistaken_for]]
    turns = [
        {"speaker": speaker, "text": text}
        for pair in said
        for speaker, text in zip(("Dev", "Mara"), pair, strict=True)
    ]
    limits = Limits(max_turns=100, max_words=2_000)
    hints = CallHints(rep="Mara")
    call = formats.parse(json.dumps(turns).encode(), limits=limits, hints=hints, filename="call.json")
    claims = (await coach.coach(call)).claims
    assert [one.quote.text for one in claims if one.verdict in ACCUSING] == []
