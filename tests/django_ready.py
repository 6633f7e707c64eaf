"""Importing this sets Django up, so that test modules may import models at their top."""

import django

django.setup()
