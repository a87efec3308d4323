"""Prefect's server as `prefect server start` runs it, on a socket that is handed to it."""

from __future__ import annotations

import sys

import uvicorn
from prefect.server.api.server import create_app

if __name__ == "__main__":
    uvicorn.run(create_app(final=True), fd=int(sys.argv[1]), log_level="warning")
