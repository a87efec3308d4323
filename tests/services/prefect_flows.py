"""Runs flows against the Prefect server of PREFECT_API_URL: one that succeeds, and one that fails with a
hostile text (the argument) in its name and its log. And makes one object of every other kind."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from datetime import timedelta

from prefect import flow, get_run_logger, task
from prefect.automations import AutomationCore
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import (
    DeploymentScheduleCreate,
    GlobalConcurrencyLimitCreate,
    WorkPoolCreate,
)
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.events.actions import DoNothing
from prefect.events.schemas.automations import EventTrigger, Posture

HOSTILE = sys.argv[1]


@task(tags=["warehouse"])
def read_rows(count: int) -> int:
    get_run_logger().info("read %s rows", count)
    return count


@flow(name="nightly")
def nightly(count: int = 3) -> int:
    return read_rows(count)


@flow(name=f"broken {HOSTILE}")
def broken() -> None:
    get_run_logger().warning(f"the table is gone {HOSTILE}")
    raise ValueError(f"no such table {HOSTILE}")


async def furnish() -> None:
    async with get_client() as client:
        await client.create_work_pool(WorkPoolCreate(name="batch", type="process", concurrency_limit=3))
        await client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name="warehouse", limit=2))
        await client.create_deployment(
            (await client.read_flow_by_name("nightly")).id,
            "prod",
            work_pool_name="batch",
            tags=["prod"],
            parameters={"count": 5},
            job_variables={"env": {"REGION": "eu"}},
            schedules=[DeploymentScheduleCreate(schedule=IntervalSchedule(interval=timedelta(hours=1)))],
            concurrency_limit=1,
        )
        failed = EventTrigger(expect={"prefect.flow-run.Failed"}, posture=Posture.Reactive, threshold=1)
        await client.create_automation(AutomationCore(name="tell", trigger=failed, actions=[DoNothing()]))


if __name__ == "__main__":
    nightly()
    with suppress(ValueError):
        broken()
    asyncio.run(furnish())
