"""Each rule of the contract is red for an adapter, or a machine, that breaks it: none is there for show."""

from random import Random

import pytest

from tests.station.contract import flaws
from tests.station.contract.vendor import VendorBench, run_on_vendor
from vendrive.simulation.loop import VirtualClock, run_virtual
from vendrive.station.adapters import contract, losses
from vendrive.station.adapters.bench import Rule, name_of
from vendrive.station.adapters.template.machine import TemplateMachine
from vendrive.station.machine import Machine

CAUGHT_BY: dict[type[flaws.Adapter], Rule] = {
    flaws.NamesTheMachineItself: contract.says_which_machine_it_is,
    flaws.LeavesASlotOut: contract.reads_everything_with_its_type,
    flaws.GivesTextForNumbers: contract.reads_everything_with_its_type,
    flaws.DatesByTheEnd: contract.dates_a_read_by_its_beginning,
    flaws.ShowsTheOneBefore: contract.dates_a_read_by_its_beginning,
    flaws.MeasuresInCentimetres: contract.shows_what_changes,
    flaws.BeatsByItself: contract.counts_only_a_changed_beat_as_life,
    flaws.TakesAnyEpoch: contract.fences_older_control_epochs,
    flaws.TakesControlForEveryCommand: contract.refuses_a_command_of_a_later_epoch,
    flaws.NumbersByItself: contract.runs_a_number_once,
    flaws.GivesLateCommandsTime: contract.refuses_a_late_command,
    flaws.SaysYesToNonsense: contract.refuses_what_it_does_not_know,
    flaws.Queues: contract.refuses_a_busy_part,
    flaws.DoesOneThingAtATime: contract.runs_two_parts_side_by_side,
    flaws.StopsWhenItIsDone: contract.stops_a_move,
    flaws.StopsOnlyWhatMoves: contract.stops_in_every_state,
    flaws.ResetsWithControl: contract.stops_in_every_state,
    flaws.EndsNoHelp: contract.calls_help_and_ends_it,
    flaws.HidesARestart: losses.shows_a_restarted_controller,
    flaws.SaysNoWhenLost: losses.says_that_nothing_arrived,
    flaws.SaysYesWhenLost: losses.leaves_a_lost_answer_to_be_read,
    flaws.ShowsWhatItKept: losses.reads_nothing_old_when_lost,
    flaws.ConnectsByItself: losses.says_nothing_without_a_connection,
    flaws.ClosesOnce: losses.closes_quietly,
    flaws.WaitsForNews: losses.returns_from_waiting,
    flaws.FinishesWhatItBegan: losses.can_be_cancelled,
    flaws.BeatsFromAThread: contract.starts_no_thread,
}


class FlawedBench(VendorBench):
    """The vendor's machine behind an adapter with a flaw."""

    flaw: type[flaws.Adapter] = flaws.Adapter

    def machine(self) -> Machine:
        return self.flaw(super().machine(), self)


def run_flawed(rule: Rule, flaw: type[flaws.Adapter]) -> None:
    async def program(clock: VirtualClock, rng: Random) -> None:
        bench = FlawedBench(TemplateMachine, clock, rng)
        bench.flaw = flaw
        await rule(bench)

    run_virtual(program)


@pytest.mark.parametrize("flaw", CAUGHT_BY, ids=lambda flaw: flaw.__name__)
def test_a_flaw_is_caught(flaw: type[flaws.Adapter]) -> None:
    with pytest.raises(AssertionError):
        run_flawed(CAUGHT_BY[flaw], flaw)


@pytest.mark.parametrize("rule", contract.RULES, ids=name_of)
def test_an_adapter_without_a_flaw_is_not_caught(rule: Rule) -> None:
    run_flawed(rule, flaws.Adapter)


def test_every_rule_has_a_flaw_that_it_catches() -> None:
    assert {name_of(rule) for rule in CAUGHT_BY.values()} == {name_of(rule) for rule in contract.RULES}


@pytest.mark.parametrize(
    ("lenient", "rule"),
    [
        ("late", contract.refuses_a_late_command),
        ("epochs", contract.fences_older_control_epochs),
        ("numbers", contract.runs_a_number_once),
    ],
)
def test_a_machine_that_does_not_keep_its_side_is_caught(lenient: str, rule: Rule) -> None:
    with pytest.raises(AssertionError):
        run_on_vendor(rule, TemplateMachine, lenient)
