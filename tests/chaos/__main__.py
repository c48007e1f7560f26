"""`make chaos`: a campaign of its own against a product of its own. The exit code is 1 when a promise was broken."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.chaos import campaign, desk, plan
from tests.company import QUICK, Company
from tests.product import Product


def main() -> int:
    given = _parse()
    with tempfile.TemporaryDirectory(prefix="countersign-chaos-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        verdict = _carry_out(given, folder)
    sys.stdout.write(f"{campaign.report(verdict)}\n")
    return 0 if verdict.passed else 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser("make chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000, help="how many runs are asked for (default: 1000)")
    parser.add_argument("--seed", type=int, default=7, help="what is asked and what goes wrong (default: 7)")
    parser.add_argument("--minutes", type=float, default=40.0, help="the longest it may take in all (default: 40)")
    return parser.parse_args()


def _carry_out(given: argparse.Namespace, folder: Path) -> campaign.Verdict:
    failpoints, markers, home = folder / "failpoints", folder / "markers", folder / "home"
    for made in (failpoints, markers, home):
        made.mkdir()
    home.chmod(0o700)
    desk.name_runtime(home)
    _without_inbox(home)
    seconds = given.minutes * 60
    drawn = plan.draw(runs=given.runs, seed=given.seed, seconds=seconds * 0.55, markers=markers)
    sys.stdout.write(f"seed {given.seed}: {given.runs} runs, {len(drawn.faults)} faults\n")
    sys.stdout.flush()
    environment = {**QUICK, **campaign.LEASES, "COUNTERSIGN_FAILPOINTS": str(failpoints)}
    environment["COUNTERSIGN_TOKEN_PER_MINUTE"] = "0"  # its clients ask as often as they can
    product = Product(home, demo=True, env=environment)
    try:
        product.start().wait_ready(seconds=240)
        return campaign.run(Company(product), drawn, failpoints, cap=seconds * 0.7, rest=seconds * 0.3)
    finally:
        product.discard()


def _without_inbox(home: Path) -> None:
    """Say that the sample agent has worked through its inbox: what it asks for isn't this campaign's."""
    (home / "run").mkdir()
    (home / "run" / "done.json").write_text(json.dumps({"demo run": "left out"}))


if __name__ == "__main__":
    sys.exit(main())
