import django.db.models.deletion
import vendrive.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('fleet', '0002_journalentry_text'),
    ]

    operations = [
        migrations.CreateModel(
            name='StaffRequest',
            fields=[
                ('id', models.UUIDField(default=vendrive.ids.new_uuid, editable=False, primary_key=True, serialize=False)),
                ('action', models.CharField(max_length=20)),
                ('part', models.CharField(blank=True, max_length=20)),
                ('operation', models.CharField(blank=True, max_length=20)),
                ('arguments', models.JSONField(default=dict)),
                ('asked_by', models.CharField(max_length=150)),
                ('asked_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('confirmed_by', models.CharField(blank=True, max_length=150)),
                ('confirmed_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddIndex(
            model_name='journalentry',
            index=models.Index(condition=models.Q(('kind__in', ('alarm', 'alarm_ended'))), fields=['tower', 'seq'], name='alarms_of_a_tower'),
        ),
        migrations.AddField(
            model_name='staffrequest',
            name='order',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, to='fleet.stationorder'),
        ),
        migrations.AddField(
            model_name='staffrequest',
            name='tower',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='staff_requests', to='fleet.tower'),
        ),
        migrations.AddIndex(
            model_name='staffrequest',
            index=models.Index(fields=['tower', 'expires_at'], name='staff_requests_that_wait'),
        ),
        migrations.AddConstraint(
            model_name='staffrequest',
            constraint=models.CheckConstraint(condition=models.Q(('confirmed_by', models.F('asked_by')), _negated=True), name='two_persons_are_not_one'),
        ),
        migrations.AddConstraint(
            model_name='staffrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at', None), ('confirmed_by', ''), ('order', None)), models.Q(models.Q(('confirmed_by', ''), _negated=True), ('confirmed_at__isnull', False), ('order__isnull', False)), _connector='OR'), name='confirmed_together_with_its_order'),
        ),
    ]
