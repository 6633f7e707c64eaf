"""What all tests share: Django's settings, without starting anything until a test asks for it."""

import os
import tempfile
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "vendrive.retail.settings"
os.environ["VENDRIVE_DATA"] = str(Path(tempfile.gettempdir()) / f"vendrive-tests-{os.getpid()}")
