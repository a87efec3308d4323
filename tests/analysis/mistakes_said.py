"""Mistakes as reps say them, and right sentences in nearly the same words, by the mistake."""

from __future__ import annotations

from typing import Final

SAID: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "hobby runs on own infrastructure": (
        (
            "On the Hobby plan you can connect your own Kubernetes cluster.",
            "The free tier supports push pools too.",
        ),
        (
            "On Hobby you can't connect your own Kubernetes cluster.",
            "Hobby runs on managed pools, your own Kubernetes starts with Starter.",
            "The free open source server works with your own Kubernetes cluster.",
            "On Hobby we run the worker for you.",
        ),
    ),
    "automations are cloud only": (
        (
            "Automations are a Cloud feature, you need Cloud for them.",
            "For event driven work you need Cloud.",
        ),
        (
            "Metric triggers for automations are only in Cloud.",
            "The email action of an automation is Cloud only.",
            "Automations are in open source as well as in Cloud.",
            "Automations are not only in Cloud.",
        ),
    ),
    "slas in open source": (
        ("SLAs work on the self-hosted server too.",),
        (
            "SLAs are only in Cloud, the open source server has automations.",
            "Open source has no SLAs.",
            "On the self-hosted server you use an automation where Cloud has SLAs.",
        ),
    ),
    "webhooks in open source": (
        ("The open source server can receive webhooks as well.",),
        (
            "The open source server can call webhooks from an automation.",
            "Webhooks come with Cloud, on the self-hosted server you use the API.",
            "Open source doesn't have inbound webhooks.",
        ),
    ),
    "sso on a server": (
        ("You can switch on SSO on the self-hosted server.",),
        (
            "SSO isn't available on the self-hosted server.",
            "On the self-hosted server you put SSO in front with a proxy.",
            "Moving off open source gives you SSO in Cloud.",
        ),
    ),
    "audit logs on a server": (
        ("Audit logs come with the open source server as well.",),
        (
            "Audit logs are in Cloud, open source has the event feed.",
            "There are no audit logs in the self-hosted server.",
            "You lose audit logs when you self-host.",
        ),
    ),
    "incidents on a server": (
        ("You can declare incidents on the self-hosted server too.",),
        (
            "Declaring incidents is Cloud only, self-hosted gets notifications.",
            "The self-hosted server doesn't have incidents.",
            "On the self-hosted server your incidents go to PagerDuty by a webhook.",
        ),
    ),
    "push or managed pools on a server": (
        (
            "Push pools are available in open source too.",
            "You can use managed execution with a self-hosted server.",
        ),
        (
            "Push pools are in Cloud, on the self-hosted server you run a worker.",
            "Open source doesn't come with managed execution.",
            "On a self-hosted server you run workers, there is no push pool.",
        ),
    ),
    "metric triggers on a server": (
        ("Metric triggers work in open source.",),
        (
            "Metric triggers are only in Cloud.",
            "The open source server has event triggers, metric triggers are in Cloud.",
            "Open source has no metric triggers.",
        ),
    ),
    "roles on a server": (
        (),
        (
            "Open source has no roles, it's one shared password.",
            "Roles are in Cloud, on the open source server everybody is equal.",
            "In open source, roles are something you build yourself.",
        ),
    ),
    "keys per user on a server": (
        ("On the self-hosted server you create an API key per user.",),
        (
            "API keys belong to Cloud, the self-hosted server has one shared password.",
            "You can't create API keys on the self-hosted server.",
            "In Cloud you create an API key per user.",
        ),
    ),
    "server needs the internet": (
        ("The self-hosted server needs internet access.",),
        (
            "The self-hosted server doesn't need internet access.",
            "A worker needs internet access to reach Cloud.",
            "The self-hosted server needs internet access to install packages.",
        ),
    ),
    "rollback of deployments on a server": (
        ("Deployment rollback works on the self-hosted server too.",),
        (
            "Rollback of deployments is Cloud only.",
            "On the self-hosted server you use Git for rollback.",
            "Rollback hooks of a transaction work on the self-hosted server.",
        ),
    ),
    "lineage on a server": (
        ("The asset graph is part of the open source server.",),
        (
            "The asset graph is in Cloud, not in the open source server.",
            "Open source doesn't have lineage.",
            "Without Cloud you lose lineage in open source.",
        ),
    ),
    "no ui on a server": (
        ("The open source server has no UI.",),
        (
            "The open source server has its own UI.",
            "The open source UI has no roles.",
            "It's not true that open source has no UI.",
        ),
    ),
    "no high availability on a server": (
        ("High availability is only possible with Cloud.",),
        (
            "High availability of the self-hosted server needs Postgres and Redis.",
            "High availability on SQLite is not possible.",
            "You can run the open source server highly available.",
        ),
    ),
    "another licence": (
        (),
        (
            "Prefect is Apache licensed.",
            "Kestra's core is MIT licensed.",
            "FastMCP was MIT licensed, Prefect is Apache.",
        ),
    ),
    "dags run unchanged": (
        ("Your DAG files run in Prefect without changes.",),
        (
            "Your DAG files don't run in Prefect without changes.",
            "The Python callables of your DAGs mostly move as they are.",
            "You can trigger your DAGs in Airflow as they are and call them from a flow.",
        ),
    ),
    "a converter for dags": (
        ("There's a converter in Prefect that turns your DAGs into flows automatically.",),
        (
            "There's no converter, you rewrite DAGs as flows.",
            "We have no converter for DAGs.",
            "There's a community converter for DAGs.",
            "You convert the DAGs by hand.",
        ),
    ),
    "a failed task fails the flow": (
        ("If any task fails, the flow run's marked failed.", "Every failed task fails the whole flow."),
        (
            "One failed task doesn't fail the whole flow.",
            "If any task fails and you let the exception through, the flow fails.",
            "In Prefect 2 any failed task marked the flow failed.",
            "If the task you return fails, the flow fails.",
        ),
    ),
    "nothing breaks from 2 to 3": (
        ("There's no breaking changes going from two to three.",),
        (
            "There are a few breaking changes going from two to three.",
            "Most flows need no code changes going from two to three.",
            "There's no breaking changes in that patch release.",
        ),
    ),
    "rewrite from 2 to 3": (
        (),
        (
            "Going from two to three is no full rewrite.",
            "Going from Prefect 1 to 2 was a full rewrite.",
            "Version three came with a rewrite of the engine.",
        ),
    ),
    "agents in prefect 3": (
        ("Agents still run in Prefect 3.",),
        (
            "Agents are gone, in three you install a worker.",
            "The AI agent picks up the runs and reads the logs.",
            "You install the Datadog agent in your cluster beside the worker.",
            "Prefect agents were replaced by workers.",
        ),
    ),
    "infrastructure blocks in prefect 3": (
        ("You put an infrastructure block on the deployment.",),
        (
            "Infrastructure blocks are gone, it's work pools now.",
            "You replace each infrastructure block with a work pool.",
            "In Prefect 2 you put an infrastructure block on the deployment.",
        ),
    ),
    "deployment build in prefect 3": (
        ("You use prefect deployment build, then deployment apply, as before.",),
        (
            "Deployment build is gone, you run prefect deploy instead.",
            "In Prefect 2 you used deployment build.",
            "The deployment builds a Docker image.",
        ),
    ),
    "faster by ninety-eight percent": (
        ("Your flows run ninety eight percent faster on three.",),
        (
            "Three has up to ninety eight percent less overhead in some benchmarks.",
            "Your flows don't run ninety eight percent faster on three.",
            "The engine overhead is up to ninety percent lower, your code is as fast as it is.",
        ),
    ),
    "caching is on by default": (
        ("Caching is on by default across runs, you don't configure anything.",),
        (
            "Caching is not on by default.",
            "The default cache policy looks at inputs and the task's code.",
            "Once results are persisted, caching works across runs by default.",
            "Caching is off by default.",
        ),
    ),
    "results live in cloud": (
        ("Your results are stored in Prefect Cloud.",),
        (
            "Your results are stored in your own bucket.",
            "Results aren't stored in Prefect Cloud.",
            "Artifacts and logs are stored in Prefect Cloud, results stay with you.",
        ),
    ),
    "retries resume with nothing set up": (
        ("A flow retry picks up right where it failed, you don't have to set anything up.",),
        (
            "With results persisted, a flow retry picks up where it failed.",
            "A flow retry doesn't pick up where it failed, it starts from the top.",
            "You turn on persistence. Then a retry skips the tasks that finished.",
        ),
    ),
    "manual retry is a new run": (
        ("When you retry a run by hand it gets a new run ID.",),
        (
            "When you retry a run by hand it keeps its run ID.",
            "A retry doesn't get a new run ID.",
            "Running the deployment again gives you a new run ID.",
        ),
    ),
    "tasks in parallel by themselves": (
        ("Prefect works out which tasks are independent and runs them in parallel automatically.",),
        (
            "With submit the tasks run in parallel automatically.",
            "Tasks don't run in parallel automatically.",
            "The task runner runs mapped tasks in parallel.",
        ),
    ),
    "a pod for each task": (
        ("On Kubernetes each task gets its own pod.",),
        (
            "In Airflow each task gets its own pod.",
            "Each flow run gets its own pod, the tasks share it.",
            "Tasks don't get their own pod.",
            "Each task gets its own pod when it's a deployment of its own.",
        ),
    ),
    "a child flow stops alone": (
        ("You can cancel a child flow on its own.",),
        (
            "You can't cancel a child flow on its own.",
            "A child flow with its own deployment can be cancelled on its own.",
            "Cancelling the parent cancels every child flow.",
        ),
    ),
    "timeouts always kill": (
        ("A timeout always kills the task, whatever it's doing.",),
        (
            "A timeout doesn't always kill the task.",
            "In a process pool the timeout always kills the task.",
            "A timeout can't interrupt a blocking call.",
        ),
    ),
    "a crash is seen at once": (
        (),
        (
            "With heartbeats, a dead pod is marked crashed after nine minutes.",
            "When the pod dies, Prefect doesn't know immediately.",
            "You need an automation so that a run whose pod dies is marked crashed.",
        ),
    ),
    "crashed runs start again by themselves": (
        (),
        (
            "When a run crashes, an automation restarts it for you.",
            "When a run crashes, Prefect doesn't restart it by itself.",
            "With retries set, a crashed run is restarted automatically.",
        ),
    ),
    "hooks always fire": (
        (),
        (
            "Hooks don't always fire when the process dies.",
            "Hooks are not guaranteed, automations run on the server.",
            "A hook runs in the process of the flow.",
        ),
    ),
    "rollback needs no code": (
        (),
        (
            "The rollback hook you write runs automatically when a later task fails.",
            "Prefect doesn't undo anything by itself.",
            "You write the undo, Prefect calls it.",
        ),
    ),
    "exactly once by default": (
        (),
        (
            "Prefect doesn't guarantee that a task runs exactly once.",
            "With serializable isolation and a lock, the task is guaranteed to run once.",
            "A scheduled run starts once at nine.",
        ),
    ),
    "zero holds tagged tasks": (
        (),
        (
            "Set the tag limit to zero and the tagged tasks abort.",
            "Set the tag limit to one and the others wait.",
            "A tag limit of zero doesn't hold tasks, it aborts them.",
        ),
    ),
    "workers get runs at once": (
        ("Work is pushed to the worker instantly.",),
        (
            "The worker polls every few seconds.",
            "With push pools the run is pushed to your cloud.",
            "The worker doesn't start runs instantly.",
        ),
    ),
    "higher numbers first": (
        ("In a work pool, queues with the higher number go first.",),
        (
            "Work queues have a priority, the lower number goes first.",
            "In a work queue one is the highest priority.",
            "A higher number doesn't go first in the queues.",
        ),
    ),
    "recurrence rules with count": (
        ("RRules work, any valid rule, count included.",),
        (
            "RRules work without count.",
            "Count isn't supported in RRules.",
            "An RRule can be long, there's a limit of characters.",
        ),
    ),
    "push pools on kubernetes": (
        ("There's a push pool for Kubernetes as well.",),
        (
            "There's no push pool for Kubernetes.",
            "Kubernetes needs a worker, push pools are for serverless.",
            "There are push pools for ECS and Cloud Run.",
        ),
    ),
    "push pools on lambda": (
        (),
        (
            "There's no push pool on AWS Lambda.",
            "A Lambda can trigger a deployment through the API.",
            "Push pools work with ECS.",
        ),
    ),
    "own image on managed": (
        ("On Prefect Managed you can bring your own image.",),
        (
            "On Prefect Managed you can't bring your own image.",
            "For your own image you use a push pool, managed takes official Prefect images.",
            "On Prefect Managed you add pip packages.",
        ),
    ),
    "gpus on managed": (
        ("You can use GPUs on Prefect Managed runs.",),
        (
            "Managed pools don't have GPUs.",
            "For GPUs you use Modal or your own cluster.",
            "Managed runs get four CPUs.",
        ),
    ),
    "always a worker": (
        ("You always need a worker, whatever pool it is.",),
        (
            "You don't always need a worker.",
            "With hybrid pools you always need a worker.",
            "Push pools work without a worker.",
        ),
    ),
    "redis cluster works": (
        (),
        (
            "Redis Cluster isn't supported, it has to be standalone.",
            "A standalone Redis works fine for the server.",
            "Redis in cluster mode doesn't work.",
        ),
    ),
    "sqlite for several servers": (
        (),
        (
            "SQLite isn't fine for high availability.",
            "For two servers you move from SQLite to Postgres.",
            "SQLite is fine for a single server.",
        ),
    ),
    "mysql as the backend": (
        ("The server can use MySQL as the backend.",),
        (
            "The server can't use MySQL as the backend.",
            "Your flow can read from MySQL and write to Postgres.",
            "The backend is SQLite or Postgres.",
        ),
    ),
    "clients before the server": (
        (),
        (
            "You upgrade the server first and then the workers.",
            "Never upgrade the workers before the server.",
            "You start the server and then the workers.",
        ),
    ),
    "sdk in other languages": (
        (),
        (
            "There's no TypeScript SDK for flows.",
            "A flow can call a Java program as a subprocess.",
            "Horizon runs TypeScript MCP servers built with the FastMCP SDK.",
        ),
    ),
    "an official pulumi provider": (
        ("We have an official Pulumi provider.",),
        (
            "We have an official Terraform provider, Pulumi bridges it.",
            "There's no official Pulumi provider.",
            "Pulumi works through the Terraform provider.",
        ),
    ),
    "hundreds of integrations": (
        ("We have hundreds of official integrations.",),
        (
            "We have about twenty integrations.",
            "Airflow has hundreds of providers and integrations.",
            "We don't have hundreds of integrations, you use the Python library.",
        ),
    ),
    "a kafka integration": (
        ("We have an official Kafka integration.",),
        (
            "We don't have an official Kafka integration.",
            "You use the Kafka Python client in a task.",
            "There's a guide for a Kafka consumer that calls the API.",
        ),
    ),
    "history moves along": (
        (),
        (
            "The transfer command doesn't bring your run history over.",
            "Run history stays behind when you transfer.",
            "The transfer command brings over your deployments and blocks.",
        ),
    ),
    "semantic versioning": (
        (),
        (
            "We don't follow strict semantic versioning.",
            "A minor release can have breaking changes.",
            "It's roughly semantic versioning.",
        ),
    ),
    "limits per workspace": (
        (),
        (
            "The rate limit is per account, so more workspaces don't raise it.",
            "The rate limit isn't per workspace.",
            "Concurrency limits are per workspace.",
        ),
    ),
    "runs without any limit": (
        (),
        (
            "Runs are unlimited in open source.",
            "We don't charge for runs, there are rate limits a minute.",
            "Flow runs are not unlimited, the rate limit caps them.",
        ),
    ),
    "limits refuse nothing": (
        ("The rate limits are soft limits, nothing gets refused.",),
        (
            "Over the rate limit you get a 429 and the client retries.",
            "The rate limits aren't soft limits.",
            "A concurrency limit refuses nothing, it queues.",
        ),
    ),
    "batched logs count once": (
        ("For the log limit it counts the batch, so a thousand lines is one request.",),
        (
            "Every log line counts, however it's batched.",
            "It doesn't count the batch, it counts each line.",
            "Logs are sent in batches.",
        ),
    ),
    "slots cost no requests": (
        (),
        (
            "Concurrency slots count towards the rate limit.",
            "Concurrency limits are free on the self-hosted server.",
            "Finished runs don't count against the concurrency limit.",
        ),
    ),
    "history is kept for ever": (
        ("On the paid plans we keep your run history forever.",),
        (
            "On the self-hosted server you keep your run history forever.",
            "No paid plan keeps run history forever.",
            "On Pro we keep your run history thirty days.",
        ),
    ),
    "events are kept for ever": (
        ("The self-hosted server keeps events forever.",),
        (
            "The self-hosted server keeps events seven days by default.",
            "Events are not kept forever.",
            "You can set how long events are kept.",
        ),
    ),
    "nothing leaves": (
        (),
        (
            "In the hybrid model nothing but metadata leaves your VPC.",
            "On the self-hosted server nothing ever leaves your VPC.",
            "In the hybrid model logs and parameters leave your VPC.",
        ),
    ),
    "code is kept by prefect": (
        (),
        (
            "Your flow code stays in Git, we never store your code.",
            "Prefect Cloud doesn't keep a copy of your code.",
            "You upload your code to an S3 bucket.",
        ),
    ),
    "an inbound connection": (
        ("You have to open an inbound port so Cloud can reach the workers.",),
        (
            "You don't have to open an inbound port.",
            "No inbound port has to be opened in your network.",
            "The worker polls outbound, so you open no port.",
        ),
    ),
    "webhooks want a key": (
        ("Webhooks are authenticated by default, you have to send an API key.",),
        (
            "Webhooks are not authenticated by default.",
            "With a service account the webhook has to be sent an API key.",
            "You can turn on authentication for every webhook in the settings.",
        ),
    ),
    "variables are encrypted": (
        ("Variables are encrypted at rest too.",),
        (
            "Variables aren't encrypted.",
            "Secret blocks are encrypted, variables are plain.",
            "Environment variables can be masked.",
        ),
    ),
    "the audit log shows reads": (
        (),
        (
            "The audit log doesn't show who looked at a run.",
            "The audit log shows who changed a role.",
            "Your database's audit log shows who looked at the data.",
        ),
    ),
    "admins bypass sso": (
        (),
        ("Owners can bypass SSO.", "Admins can't bypass SSO, owners can.", "Only owners bypass SSO."),
    ),
    "sla guarantees our uptime": (
        (),
        (
            "The SLA feature doesn't guarantee our uptime.",
            "The SLA feature watches how long your jobs take.",
            "An uptime guarantee is a matter of the contract.",
        ),
    ),
    "mcp changes things": (
        ("The MCP server can cancel runs and create deployments for you.",),
        (
            "The MCP server is read only, it can't cancel runs.",
            "The assistant can cancel runs through the CLI, the MCP server reads.",
            "The MCP server lets an assistant read runs and logs.",
        ),
    ),
    "mcp is generally available": (
        ("Our MCP server is generally available.",),
        ("Our MCP server is in beta.", "Our MCP server isn't generally available.", "FastMCP is stable."),
    ),
    "slas are generally available": (
        (),
        (
            "SLAs are still experimental.",
            "SLAs aren't generally available.",
            "Automations are stable, SLAs are experimental.",
        ),
    ),
    "the dbt orchestrator is generally available": (
        (),
        (
            "The dbt orchestrator is in beta.",
            "The dbt runner is stable.",
            "The dbt orchestrator is not generally available.",
        ),
    ),
    "fastmcp is anthropic's": (
        ("FastMCP is the official Anthropic SDK.",),
        (
            "FastMCP is Prefect's own framework.",
            "FastMCP isn't the official Anthropic SDK.",
            "The official Anthropic SDK took in FastMCP's first version.",
        ),
    ),
    "summaries by a model of ours": (
        (),
        (
            "The AI log summaries may use third party models.",
            "The AI log summaries don't run on our own model.",
            "With AI turned off, nothing of yours goes to a model.",
        ),
    ),
    "rollback brings schedules back": (
        (),
        (
            "Rolling back a deployment leaves the schedule as it is.",
            "Rolling back a deployment doesn't restore its schedule.",
            "A rollback brings back the code and the parameters.",
        ),
    ),
    "flows have back-off": (
        ("Prefect flows have exponential backoff and jitter too.",),
        (
            "Backoff and jitter are for tasks only.",
            "Flows have a count and a delay, backoff is a task thing.",
            "Flows don't have jitter.",
        ),
    ),
    "heartbeats every few seconds": (
        ("You can set the flow run heartbeat to every five seconds.",),
        (
            "The heartbeat can be set to at least thirty seconds.",
            "Heartbeats can't be sent every five seconds.",
            "The worker polls every five seconds.",
        ),
    ),
    "as many workspaces as wanted": (
        ("You get as many workspaces as you like on any plan.",),
        (
            "How many workspaces you get depends on the plan.",
            "You don't get as many workspaces as you like.",
            "In a workspace you can have as many blocks as you like.",
        ),
    ),
    "parameters of any size": (
        ("You can pass parameters of any size.",),
        (
            "Parameters are capped at 512 kilobytes.",
            "You can't pass parameters of any size.",
            "Tasks can return results of any size.",
        ),
    ),
    "concurrency limits cost money": (
        ("Concurrency limits are a paid feature.",),
        (
            "Concurrency limits are in open source and in Cloud.",
            "Concurrency limits aren't a paid feature.",
            "SLAs are a paid feature, concurrency limits are not.",
        ),
    ),
    "a dag up front": (
        (),
        (
            "You don't have to define the DAG up front.",
            "In Airflow you have to define the DAG up front.",
            "There's no DAG up front, it's Python.",
        ),
    ),
    "every step is a task": (
        ("Every step has to be a task.",),
        (
            "Not every step has to be a task.",
            "A flow may have no tasks at all.",
            "A step that should be retried is made a task.",
        ),
    ),
}
