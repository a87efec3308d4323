"""A small tree of documentation in the manner of Prefect's, written for these tests."""

from __future__ import annotations

import json
from pathlib import Path

WORKERS = """---
title: Workers
description: Workers poll work pools.
keywords: [worker, 429, polling]
---

import { TF } from "/snippets/terraform.mdx"
import Rules from '/snippets/rules.mdx'

<span class="badge cloud"></span>
Workers are small services that sit in your network
and ask a **work pool** for runs. See [schedules](/v3/old/schedules#cron).

<TF name="workers" href={workers.tf} />

## Polling for work

Workers poll for work every 15 seconds by default. Change it with `PREFECT_WORKER_QUERY_SECONDS`.

<Warning title="Mind the limit">
Pass your key as <API-KEY>, never as `<SECRET>`.
</ Warning>

{/* a note for
writers */}

```bash
# Not a heading
prefect worker start --pool <POOL>  # import x from 'y'
```

```mermaid
graph TD; secret --> drawing
```

## Options

<Tabs>
  <Tab title="On Linux">
    | Option   | Meaning<br/>here     |
    |:---------|----------------------|
    | `--pool` | The pool to poll.    |
  </Tab>
</Tabs>

<Rules />
"""


def write_docs(root: Path) -> Path:
    """A checkout of docs under `root`, and the way to it."""
    files = {
        "v3/concepts/workers.mdx": WORKERS,
        "v3/concepts/index.mdx": "---\ntitle: ' '\n---\n\nAn overview of all concepts there are.\n",
        "v3/how-to/schedules.mdx": "---\ntitle: Schedules\n---\n\n## Cron\n\n" + "Cron runs on time. " * 200,
        "v3/api-ref/python.mdx": "---\ntitle: Reference\n---\n\nworker reference of the interface\n",
        "v3/release-notes/oss/version-3-9.mdx": "---\ntitle: 3.9\n---\n\n## 3.9.0 - Nine\n\nNine is out.\n",
        "v3/release-notes/oss/version-3-10.mdx": (
            "---\ntitle: 3.10\n---\n\n## 3.10.1 - Later\n\nA fix.\n\n---\n\n## 3.10.0 - Ten\n\nTen is out.\n"
        ),
        "integrations/prefect-shell/index.mdx": "---\ntitle: Shell\n---\n\nRun shell commands from a flow.\n",
        "snippets/terraform.mdx": (
            "export const TF = ({ name, href }) => (\n<p>Manage {name} by Terraform.</p>\n);"
        ),
        "snippets/rules.mdx": "Runs that fail are marked as failed.",
        "docs.json": json.dumps(
            {
                "redirects": [
                    {"source": "/v3/old/schedules", "destination": "/v3/how-to/schedules"},
                    {"source": "/v2/:slug*", "destination": "/v3/:slug*"},
                ]
            }
        ),
    }
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root
