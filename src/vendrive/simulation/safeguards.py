"""All safeguards by name, and the votes that are none.

A safeguard is removed together with its declared backups; then some seed must be caught by an invariant. Its `hints`
are the fault classes, and `layout` the tower, that bring a run to the hazard: such a seed runs with these alone.
"""

from vendrive.simulation.safeguard import Safeguard
from vendrive.simulation.safeguards_machine import BELIEF, CARS, PEOPLE
from vendrive.simulation.safeguards_station import COMMANDS, JOURNAL, PASSES, STOPS

SAFEGUARDS: tuple[Safeguard, ...] = (*PEOPLE, *CARS, *BELIEF, *STOPS, *COMMANDS, *JOURNAL, *PASSES)

# Votes whose removal harms nobody: each with the reason. They keep the journal free of steps that lead nowhere.
TIDY: dict[str, str] = {
    "place_taken": "a grip that finds no car moves nothing but itself, and its end is reported as failed",
    "lift_loaded": "an empty transfer moves nothing but the grip, and its end is reported as failed",
    "transfer_out": "there is nothing to finish, and nothing moves",
    "storey_exists": "the PLC cannot read an order to a storey that its lift does not have",
    "turns": "the PLC cannot read an order to a table that is not there",
    "at_rest": "a busy part takes no order: the PLC refuses it before any vote (see number_once)",
    "nobody_reaches": "in the six layouts no place can be reached by two transfers at once",
}
