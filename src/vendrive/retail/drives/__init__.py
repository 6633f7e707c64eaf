"""Programmes, eligibility, bookings, passes and what becomes of them."""
