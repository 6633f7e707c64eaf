"""What the contract cannot ask of every adapter: OPC UA's certificates, types and qualities."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.client.ua_client import UaClient
from asyncua.ua.status_codes import StatusCodes

from tests.station.contract.benches import STATION_URI, opcua_bench
from tests.support.certificates import lay_certificate
from vendrive.station.machine import MachineLost
from vendrive.wire.pki import trust


async def test_a_machine_with_another_certificate_is_not_connected_to(tmp_path: Path) -> None:
    async with opcua_bench(tmp_path) as bench:
        trusted = tmp_path / "station" / "pki" / "trusted"
        for known in trusted.iterdir():
            known.unlink()
        with pytest.raises(MachineLost, match="no certificate of the machine"):
            await bench.machine().connect()
        stranger = lay_certificate(tmp_path / "stranger" / "pki", STATION_URI)
        trust(tmp_path / "station" / "pki", stranger.der)
        with pytest.raises(MachineLost):
            await bench.machine().connect()


@pytest.mark.parametrize(
    "spoilt",
    [
        ua.DataValue(ua.Variant("2", ua.VariantType.String)),
        ua.DataValue(ua.Variant(2.5, ua.VariantType.Double)),
        ua.DataValue(ua.Variant([1], ua.VariantType.Int64)),
        ua.DataValue(ua.Variant(1, ua.VariantType.Int64), ua.StatusCode(ua.UInt32(StatusCodes.BadSensorFailure))),
        ua.DataValue(),
    ],
    ids=["text", "fraction", "array", "bad quality", "nothing"],
)
async def test_a_value_of_another_type_or_of_bad_quality_is_a_lost_machine(
    spoilt: ua.DataValue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opcua_bench(tmp_path) as bench:
        machine = bench.machine()
        await machine.connect()
        genuine: Callable[..., Any] = UaClient.read

        async def read(client: UaClient, parameters: ua.ReadParameters) -> list[ua.DataValue]:
            answers: list[ua.DataValue] = await genuine(client, parameters)
            asked = [item.NodeId.Identifier for item in parameters.NodesToRead]
            return [spoilt if name == "Lift.L1.storey" else is_ for name, is_ in zip(asked, answers, strict=True)]

        monkeypatch.setattr(UaClient, "read", read)
        with pytest.raises(MachineLost, match=r"Lift\.L1\.storey"):
            await machine.read()
        await machine.close()
