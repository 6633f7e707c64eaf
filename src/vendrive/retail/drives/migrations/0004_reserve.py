"""The functions of the one door for scarcity, as `sql/reserve.sql` says them."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parents[1] / "sql" / "reserve.sql").read_text(encoding="utf-8")
UNDO = """
DROP TRIGGER written_stays ON drives_loanterms;
DROP TRIGGER written_stays ON drives_rulechange;
DROP FUNCTION drives_written_stays(), drives_reserve(drives_wish), drives_apply(drives_wish, drives_found),
    drives_check(drives_wish), drives_storable(text, integer), drives_person_refusal(drives_wish),
    drives_car(drives_wish), drives_queue_before(drives_wish),
    drives_first_minute(text, timestamptz, integer, integer, boolean), drives_quota_place(drives_wish, integer),
    drives_gone(drives_drive, drives_wish), drives_lapse(text, uuid, timestamptz), drives_keys(drives_wish), drives_lock(text[], integer);
DROP TYPE drives_found, drives_wish;
"""


class Migration(migrations.Migration):
    """Add the functions and the triggers."""

    dependencies = [
        ("drives", "0003_constraints"),
        ("events", "0001_initial"),
        ("fleet", "0004_legal_vehicles"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
