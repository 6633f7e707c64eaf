"""`python -m vendrive.demo.setup FOLDER`: tables, shop, trust and staff of the demo; runs at every start."""

import os
import sys

import django
from django.core.management import call_command

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "vendrive.demo.settings"
    django.setup()
    call_command("set_up_demo", sys.argv[1])
