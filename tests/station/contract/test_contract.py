"""Every adapter keeps the contract: the same rules for OPC UA, for the machine in memory and for the template."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulation.memory_bench import run_in_memory
from tests.station.contract.benches import run_on_opcua
from tests.station.contract.vendor import run_on_vendor
from vendrive.station.adapters.bench import Rule, name_of
from vendrive.station.adapters.contract import RULES
from vendrive.station.adapters.template.machine import TemplateMachine

# Who is run against the contract, by the name of the adapter's folder.
ADAPTERS: dict[str, Callable[[Rule, Path], None]] = {
    "opcua": run_on_opcua,
    "simulation": lambda rule, folder: run_in_memory(rule),
    "template": lambda rule, folder: run_on_vendor(rule, TemplateMachine),
}


@pytest.mark.parametrize("rule", RULES, ids=name_of)
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_adapter_keeps_the_contract(adapter: str, rule: Rule, tmp_path: Path) -> None:
    ADAPTERS[adapter](rule, tmp_path)
