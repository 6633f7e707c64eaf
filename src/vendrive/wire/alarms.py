"""Names of all alarms: what a person must know. Each has its procedure in docs/operations.md and at the console."""

from enum import StrEnum


class AlarmName(StrEnum):
    """An alarm is on for a part (`plc`, a lift, slot or bay, or `station`) until its end is journaled."""

    emergency_stop = (
        "emergency_stop"  # plc: somebody or something stopped the machine; station: a stop that has not reached it yet
    )
    help = "help"  # plc: somebody at the tower asks for help
    fire = "fire"  # plc: fire or smoke is sensed
    power_lost = "power_lost"  # plc: the mains are gone
    not_automatic = "not_automatic"  # plc: the key switch says manual, maintenance or stopped
    machine_unknown = "machine_unknown"  # plc: it is not read, or its data is old
    machine_refused = "machine_refused"  # a bay or lift: commands for a task failed or were refused again and again
    machine_contradiction = "machine_contradiction"  # plc: sensors say what cannot be true at once
    count_differs = "count_differs"  # plc: sensors and journal disagree where a car is; bay: a car is sensed no more
    not_a_simulator = "not_a_simulator"  # plc: a real machine, of which control is not taken yet
    lift_failed = "lift_failed"  # lift: its drive reports a fault
    bay_failed = "bay_failed"  # bay: a door or turntable reports a fault
    movement = "movement"  # slot or lift: something moves in a stored car
    person_stays = "person_stays"  # bay: somebody does not leave, and the bay waits
    thing_left = "thing_left"  # bay: something was left there, such as a bag
    alive_inside = "alive_inside"  # bay: somebody or a pet is in a parked car
    exit_open = "exit_open"  # bay: the emergency exit stands open
    car_stranger = "car_stranger"  # bay or lift: a car that is in no list of ours, or that no reader sees
    key_gone = "key_gone"  # bay: the key of a car that is being returned was taken out of its box again
    retail_away = "retail_away"  # station: retail has not answered for long
    orders_rejected = "orders_rejected"  # station: retail's orders are not genuine or out of turn
    certificate_ends = "certificate_ends"  # station: a certificate runs out soon, or has
    disk_full = "disk_full"  # station: the journal's disk is nearly full
    calendar_doubt = "calendar_doubt"  # station: the calendar contradicts what is known of the time
