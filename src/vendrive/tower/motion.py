"""How long a move takes, as a planner expects it: a symmetric trapezoid of speed, then fixed times."""

from math import sqrt

from vendrive.tower.layout import Layout
from vendrive.wire.machine import Operation


def trapezoid_s(distance_m: float, v: float, a: float) -> float:
    """Return the seconds for `distance_m` from rest to rest at speed `v` (m/s) and acceleration `a` (m/s2).

    t(d) = 2 sqrt(d/a) where the top speed is not reached (d < v2/a), else d/v + v/a.
    """
    distance = abs(distance_m)
    if distance < v * v / a:
        return 2 * sqrt(distance / a)
    return distance / v + v / a


def trapezoid_m(t: float, distance_m: float, v: float, a: float) -> float:
    """Return how far (m) a move of `distance_m` >= 0 has come `t` seconds after its start."""
    total = trapezoid_s(distance_m, v, a)
    if t <= 0:
        return 0.0
    if t >= total:
        return distance_m
    top = min(v, sqrt(distance_m * a))
    ramp = top / a
    if t < ramp:
        return a * t * t / 2
    if t <= total - ramp:
        return top * (t - ramp / 2)
    left = total - t
    return distance_m - a * left * left / 2


def command_s(layout: Layout, operation: Operation, travel_mm: float = 0.0) -> float:
    """Return the seconds that one command is expected to take; `travel_mm` counts for `move_lift` alone."""
    kinematics = layout.kinematics
    match operation:
        case Operation.move_lift:
            travel = trapezoid_s(travel_mm / 1000, kinematics.lift_speed_m_s, kinematics.lift_acceleration_m_s2)
            return travel + kinematics.settle_s
        case Operation.pick | Operation.place | Operation.finish_transfer:
            return kinematics.transfer_s
        case Operation.turn:
            return kinematics.turn_s
        case _:
            return kinematics.door_s


def retrieve_s(layout: Layout, slot: str, bay: str, lift_mm: float = 0.0) -> float:
    """Return the seconds from a lift at `lift_mm` until the car of `slot` stands in `bay` with both doors closed,
    its nose to the street where it can be turned."""
    at_slot = layout.level_mm(layout.storey_of(slot))
    at_bay = layout.level_mm(layout.storey_of(bay))
    travel = command_s(layout, Operation.move_lift, at_slot - lift_mm)
    travel += command_s(layout, Operation.move_lift, at_bay - at_slot)
    turned = layout.kinematics.turn_s if layout.bay(bay).turntable else 0.0
    return travel + 2 * layout.kinematics.transfer_s + 2 * layout.kinematics.door_s + turned
