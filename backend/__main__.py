"""`python -m backend` is `call-coach`."""

from __future__ import annotations

from backend.cli import main

main()
