from pathlib import Path

import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.db import migrations, models

SQL = (Path(__file__).parents[1] / "sql" / "reserve.sql").read_text(encoding="utf-8")
BEGIN, END = "CREATE FUNCTION drives_car", "END $$;"
CAR = BEGIN + SQL.partition(BEGIN)[2].partition(END)[0] + END


class Migration(migrations.Migration):
    """Leases in a table of their own, which the choice of a vehicle reads; whether a tower expects a return."""

    dependencies = [
        ('drives', '0006_leases'),
        ('fleet', '0005_returns_elsewhere'),
    ]

    operations = [
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField()),
                ('period', django.contrib.postgres.fields.ranges.DateTimeRangeField(null=True)),
                ('until', models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveIndex(
            model_name='drive',
            name='vehicles_that_are_leased',
        ),
        migrations.RemoveField(
            model_name='drive',
            name='leased_until',
        ),
        migrations.AddField(
            model_name='drive',
            name='return_ready',
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name='lease',
            name='drive',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='leases', to='drives.drive'),
        ),
        migrations.AddField(
            model_name='lease',
            name='tower',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='leases', to='fleet.tower'),
        ),
        migrations.AddField(
            model_name='lease',
            name='vehicle',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='leases', to='fleet.vehicle'),
        ),
        migrations.AddConstraint(
            model_name='lease',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('period', None), ('until', None), ('vehicle', None)), models.Q(('period__isnull', False), ('until__isnull', False), ('vehicle__isnull', False)), _connector='OR'), name='a_vehicle_is_leased_for_a_time'),
        ),
        migrations.AddConstraint(
            model_name='lease',
            constraint=models.UniqueConstraint(fields=('drive', 'tower', 'vehicle'), name='one_lease_of_a_kind', nulls_distinct=False),
        ),
        migrations.RunSQL(CAR.replace("CREATE", "CREATE OR REPLACE", 1), migrations.RunSQL.noop),
    ]
