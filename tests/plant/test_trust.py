"""Who may talk to the machine, and what they may write."""

from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto.security_policies import (
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic256Sha256,
)
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.uaerrors import UaError

from tests.plant.harness import bench_in, certificate, connected, plant_in
from vendrive.plant.program import Plant
from vendrive.wire.machine import nodes_of
from vendrive.wire.pki import OwnCertificate, trust, trusted_certificates

# How asyncua reports a connection that the server closed.
CLOSED = (ConnectionError, TimeoutError, UaError)


async def test_a_client_without_security_is_refused(desk: Path) -> None:
    async with plant_in(desk / "plant") as plant:
        client = Client(plant.opcua, timeout=1)
        with pytest.raises(CLOSED):
            await client.connect_and_get_server_endpoints()
        with pytest.raises(CLOSED):
            await client.connect()


async def test_an_untrusted_certificate_is_refused_until_it_is_pinned(desk: Path) -> None:
    stranger = certificate(desk / "stranger")
    async with plant_in(desk / "plant") as plant:
        with pytest.raises(CLOSED):
            async with connected(plant, desk / "plant", stranger):
                pass
        trust(desk / "plant" / "pki", stranger.der)
        async with connected(plant, desk / "plant", stranger) as station:
            assert await station.read("Plc.tower_id") == "test"


def client_of(plant: Plant) -> Client:
    client = Client(plant.opcua, timeout=1)
    client.application_uri = "urn:test:station"
    return client


async def test_a_weaker_channel_is_refused_even_with_a_pinned_certificate(desk: Path) -> None:
    own = certificate(desk / "station")
    trust(desk / "plant" / "pki", own.der)
    server = str(desk / "plant" / "pki" / "own.der")
    weaker: list[tuple[Any, ua.MessageSecurityMode]] = [
        (SecurityPolicyAes256Sha256RsaPss, ua.MessageSecurityMode.Sign),
        (SecurityPolicyBasic256Sha256, ua.MessageSecurityMode.SignAndEncrypt),
    ]
    async with plant_in(desk / "plant") as plant:
        for policy, mode in weaker:
            client = client_of(plant)
            await client.set_security(policy, str(own.certificate), str(own.private_key), None, server, mode)
            await client.load_client_certificate(str(own.certificate))
            await client.load_private_key(own.private_key)
            with pytest.raises(CLOSED):
                await client.connect()


async def test_channel_and_user_must_both_be_pinned(desk: Path) -> None:
    own, stranger = certificate(desk / "station"), certificate(desk / "stranger")
    trust(desk / "plant" / "pki", own.der)
    server = str(desk / "plant" / "pki" / "own.der")
    policy = SecurityPolicyAes256Sha256RsaPss
    users: list[tuple[OwnCertificate, OwnCertificate | str]] = [
        (own, ""),
        (own, "admin"),
        (own, stranger),
        (stranger, own),
    ]
    async with plant_in(desk / "plant") as plant:
        for channel, user in users:
            client = client_of(plant)
            key = str(channel.private_key)
            await client.set_security(policy, str(channel.certificate), key, server_certificate=server)
            if isinstance(user, OwnCertificate):
                await client.load_client_certificate(str(user.certificate))
                await client.load_private_key(user.private_key)
            elif user:
                client.set_user(user)
                client.set_password(user)
            with pytest.raises(CLOSED):
                await client.connect()


async def test_only_the_heartbeat_can_be_written(desk: Path) -> None:
    async with bench_in(desk, T1="3C") as bench:
        station = bench.station
        names = [
            name
            for part in bench.controller.parts()
            for name in nodes_of(type(part), getattr(part, "name", "")).values()
            if name != "Plc.station_heartbeat"
        ]
        assert len(names) == 120
        before = bench.controller.parts()[1:]
        for name in names:
            value = await station.read(name)
            kind = await station.node(name).read_data_type_as_variant_type()
            for attribute in (AttributeIds.Value, AttributeIds.AccessLevel, AttributeIds.UserAccessLevel):
                written = ua.DataValue(ua.Variant(value, kind))
                if attribute != AttributeIds.Value:
                    written = ua.DataValue(ua.Variant(ua.Byte(3), ua.VariantType.Byte))
                with pytest.raises(UaError, match="BadUserAccessDenied"):
                    await station.node(name).write_attribute(attribute, written)
        assert bench.controller.parts()[1:] == before
        with pytest.raises(UaError):
            await station.client.nodes.objects.add_object(station.namespace, "planted")
        with pytest.raises(UaError):
            await station.client.delete_nodes([station.node("Plc.stop")])
        await station.call("stop", "still there")
        assert bench.controller.state.emergency_stop


async def test_wrong_types_are_refused_with_no_effect(desk: Path) -> None:
    async with bench_in(desk) as bench:
        with pytest.raises(UaError, match="BadInvalidArgument"):
            await bench.station.call("take_control", "2")
        with pytest.raises(UaError, match="BadInvalidArgument"):
            await bench.station.call("execute", 1)
        with pytest.raises(UaError, match="BadTypeMismatch"):
            await bench.station.node("Plc.station_heartbeat").write_value("beat")
        assert bench.controller.state.control_epoch == 1


def test_a_certificate_is_made_once_and_its_key_is_private(desk: Path) -> None:
    first, second = certificate(desk / "new"), certificate(desk / "new")
    assert first == second
    assert first.private_key.stat().st_mode & 0o777 == 0o600
    assert trusted_certificates(desk / "new" / "pki") == frozenset()
    trust(desk / "new" / "pki", first.der)
    assert trusted_certificates(desk / "new" / "pki") == {first.der}
