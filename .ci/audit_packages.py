"""Looks every installed package up among known vulnerabilities, with pip-audit.

A vulnerability fails the check. A package index without such data, or a missing
network, does not: the check prints that nothing was looked up, so that nobody takes
silence for safety.
"""

import json
import subprocess
import sys


def main() -> int:
    """Print the known vulnerabilities; return 1 if there are any."""
    audit = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off"],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages = json.loads(audit.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        last = (audit.stderr.strip() or "no answer").splitlines()[-1]
        print(f"Nothing was looked up: {last[:200]}")
        return 0
    looked_up = [package for package in packages if "vulns" in package]
    vulnerabilities = [
        f"{package['name']} {package['version']}: {vulnerability['id']}"
        for package in looked_up
        for vulnerability in package["vulns"]
    ]
    print(f"{len(looked_up)} of {len(packages)} packages could be looked up.")
    if looked_up:
        print("\n".join(vulnerabilities) or "None of these is known to be vulnerable.")
    return 1 if vulnerabilities else 0


if __name__ == "__main__":
    sys.exit(main())
