from django.db import migrations, models


class Migration(migrations.Migration):
    """Orders that say to which tower a lent car comes back."""

    dependencies = [("fleet", "0004_legal_vehicles")]

    operations = [
        migrations.AlterField(
            model_name="stationorder",
            name="kind",
            field=models.CharField(
                choices=[
                    ("hand_over", "Hand Over"),
                    ("cancel", "Cancel"),
                    ("expect_return", "Expect Return"),
                    ("release_return", "Release Return"),
                    ("wipe_face", "Wipe Face"),
                    ("stock", "Stock"),
                    ("operator", "Operator"),
                ],
                max_length=20,
            ),
        ),
    ]
