import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('console', '0001_initial'),
        ('fleet', '0003_staff_request'),
    ]

    operations = [
        migrations.CreateModel(
            name='StepTick',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('alarm_seq', models.PositiveBigIntegerField()),
                ('step', models.CharField(max_length=40)),
                ('staff', models.CharField(max_length=150)),
                ('at', models.DateTimeField()),
                ('tower', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='fleet.tower')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tower', 'alarm_seq', 'step'), name='a_step_is_ticked_once')],
            },
        ),
    ]
