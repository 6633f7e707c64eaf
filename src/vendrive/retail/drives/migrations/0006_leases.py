from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("drives", "0005_live_drives"),
    ]

    operations = [
        migrations.AddField(
            model_name="drive",
            name="leased_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="drive",
            index=models.Index(condition=models.Q(("leased_until__isnull", False)), fields=["tower", "model"], name="vehicles_that_are_leased"),
        ),
    ]
