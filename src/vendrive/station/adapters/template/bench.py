"""The machine of TEMPLATE on a test bench: what test_contract.py runs the rules against."""

from vendrive.station.adapters.bench import Rule


def run(rule: Rule) -> None:
    """Run one rule to its end, in a loop of its own: `asyncio.run(rule(bench))` with a Bench of yours."""
    raise NotImplementedError("bench.py: write a Bench over the vendor's machine or simulator (step 3 of README.md)")
