"""Reserving under a key from outside, as `sql/reserve_once.sql` says it."""

from pathlib import Path

from django.db import migrations

SQL = (Path(__file__).parents[1] / "sql" / "reserve_once.sql").read_text(encoding="utf-8")
UNDO = "DROP FUNCTION drives_reserve_once(drives_wish, drives_write); DROP TYPE drives_write;"


class Migration(migrations.Migration):
    """Add the function."""

    dependencies = [
        ("drives", "0007_leases"),
        ("events", "0003_cursor_and_notice_key"),
    ]
    operations = [migrations.RunSQL(SQL, UNDO)]
