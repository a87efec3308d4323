"""Asks a server whether it is well: `probe.py URL` ends with 0, or with 1 and says why.

For HEALTHCHECK and Kubernetes' exec probes. The images have Python but need neither shell nor curl, and a
probe over HTTP from outside could not show one of COACH_API_TOKENS, which /ready wants.
"""

import os
import sys
import urllib.error
import urllib.request

TIMEOUT_S = 4


def main(url: str) -> int:
    request = urllib.request.Request(url)  # noqa: S310 -- the caller is the image's own HEALTHCHECK
    tokens = os.environ.get("COACH_API_TOKENS") or os.environ.get("COACH_MANAGER_TOKENS") or ""
    if token := tokens.split(",")[0].strip():
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310 -- as above
            return 0
    except urllib.error.HTTPError as answer:
        print(f"{url} answered {answer.code}: {answer.read(2_000).decode(errors='replace')}")  # noqa: T201
    except OSError as error:
        print(f"{url} did not answer: {error}")  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
