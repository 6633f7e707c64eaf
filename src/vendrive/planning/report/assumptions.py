"""What a simulation takes for given, as a table with the source of each value; read from the code that uses it."""

from vendrive.design.messages import say
from vendrive.planning import demand, life, machine
from vendrive.planning.life import Setting
from vendrive.planning.report.page import Group, Row, Table
from vendrive.planning.report.words import told
from vendrive.tower import charging, pace, promises


def assumptions(lang: str, setting: Setting) -> Table:
    """Return all that is assumed for a simulation."""
    groups = (_demand(lang, setting), _people(lang), _machine(lang, setting))
    head = tuple(say(lang, f"planning.table.{name}") for name in ("what", "value", "source"))
    return Table(say(lang, "planning.assumptions"), head, groups, say(lang, "planning.assumptions_note"))


def _row(lang: str, name: str, value: str, source: str) -> Row:
    return say(lang, f"planning.assume.{name}"), value, say(lang, f"planning.assume.source_{source}")


def _demand(lang: str, setting: Setting) -> Group:
    day = setting.day

    def told_as(key: str, **params: object) -> str:
        return say(lang, f"planning.assume.{key}", **params)

    count = told_as("hand_outs_value", count=told(day.hand_outs), friday=demand.WEEKDAYS[4])
    rows = (
        _row(lang, "hand_outs", count, "choice"),
        _row(lang, "hours", told_as("hours_value"), "reference"),
        _row(lang, "walk_ups", f"{100 * day.walk_ups:.0f} %", "reference"),
        _row(lang, "no_shows", f"{100 * day.no_shows:.0f} %", "reference"),
        _row(lang, "punctual", told_as("punctual_value", minutes=f"{demand.PUNCTUAL_S / 60:.0f}"), "reference"),
        _row(lang, "loan", told_as("loan_value", days=demand.LOAN_DAYS), "rule"),
        _row(lang, "service", told(day.services), "choice"),
    )
    return Group(rows, say(lang, "planning.assume.demand"))


def _people(lang: str) -> Group:
    def mean(mean_s: float, most_s: float = 0.0) -> str:
        key = "planning.assume.lognormal_most" if most_s else "planning.assume.lognormal"
        return say(lang, key, mean=f"{mean_s:.0f}", **({"most": f"{most_s:.0f}"} if most_s else {}))

    promised = say(
        lang,
        "planning.assume.promised_value",
        share=f"{100 * promises.PROMISED_SHARE:.0f}",
        pickup=f"{promises.PICKUP_MINUTES:.0f}",
        **{"return": f"{promises.RETURN_MINUTES:.0f}"},
    )
    rows = (
        _row(lang, "check_in", mean(demand.CHECK_IN_S), "reference"),
        _row(lang, "take", mean(pace.TAKE_S, demand.LONGEST_TAKE_S), "people"),
        _row(lang, "drive_in", mean(pace.DRIVE_IN_S, demand.LONGEST_DRIVE_IN_S), "people"),
        _row(lang, "promised", promised, "promise"),
    )
    return Group(rows, say(lang, "planning.assume.people"))


def _machine(lang: str, setting: Setting) -> Group:
    layout, kinematics = setting.layout, setting.layout.kinematics

    def said(key: str, **params: object) -> str:
        return say(lang, f"planning.assume.{key}", **params)

    speed = said(
        "speed_value",
        speed=kinematics.lift_speed_m_s,
        acceleration=kinematics.lift_acceleration_m_s2,
        settle=kinematics.settle_s,
    )
    noise = said(
        "noise_value",
        percent=f"{100 * machine.SPREAD * setting.noise_share:.0f}",
        every=f"{1 / machine.AGAIN_SHARE:.0f}",
        again=f"{machine.AGAIN_S:.0f}",
    )
    power, battery = f"{life.CHARGER_KW:.0f}", f"{life.BATTERY_KWH:.0f}"
    turns = any(bay.turntable for bay in layout.bays)
    rows = (
        _row(lang, "speed", speed, "speed"),
        _row(lang, "pitch", f"{layout.pitch_mm / 1000:.1f} m", "estimate"),
        _row(lang, "transfer", f"{kinematics.transfer_s:.0f} s", "transfer"),
        _row(lang, "door", f"{kinematics.door_s:.0f} s", "estimate"),
        _row(lang, "checks", f"{kinematics.checks_s:.0f} s", "estimate"),
        *([_row(lang, "turn", f"{kinematics.turn_s:.0f} s", "estimate")] if turns else []),
        _row(lang, "noise", noise, "noise"),
        _row(lang, "chargers", said("chargers_value", count=setting.chargers, power=power, battery=battery), "charger"),
        _row(lang, "charge", said("charge_value", needed=f"{100 * charging.NEEDED:.0f}"), "reference"),
    )
    return Group(rows, say(lang, "planning.assume.machine"))
