"""Bookings, people, money and the pages: the Django project, one folder per noun."""
