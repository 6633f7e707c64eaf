"""The console: pages for operators. They show what the rooms know and ask stations for what staff may ask."""
