"""One look and one voice for phone, kiosk and console: tokens, pictures, words and page parts."""
