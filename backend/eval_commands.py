"""`call-coach eval`, `eval-pairs` and `eval-queries`: how good it is, measured on labelled data."""

from __future__ import annotations

import typer

group = typer.Typer(no_args_is_help=True)
"""Commands of the first level, like `analyze`: the group has no name of its own."""
