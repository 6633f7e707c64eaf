"""The kiosk: one page with screens, served to the device beside the bay."""
