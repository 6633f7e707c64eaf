"""Consumers of events with their cursors, and messages that are told once and tried again."""

from typing import Any

from django.db import migrations, models
from django.db.models import F

# Who upgrades tells nobody of what happened before.
FROM_NOW_ON = """
INSERT INTO events_cursor (name, seq)
SELECT 'notices', max(seq) FROM events_auditrow WHERE seq IS NOT NULL HAVING max(seq) IS NOT NULL
"""


def due_when_written(apps: Any, schema_editor: object) -> None:
    apps.get_model("events", "Notice").objects.update(due_at=F("at"))


class Migration(migrations.Migration):

    dependencies = [("events", "0002_idempotency_subject")]

    operations = [
        migrations.CreateModel(
            name="Cursor",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.RunSQL(FROM_NOW_ON, migrations.RunSQL.noop),
        migrations.AddField("notice", "key", models.CharField(max_length=120, null=True, unique=True)),
        migrations.AddField("notice", "due_at", models.DateTimeField(null=True)),
        migrations.RunPython(due_when_written, migrations.RunPython.noop),
        migrations.AlterField("notice", "due_at", models.DateTimeField()),
    ]
