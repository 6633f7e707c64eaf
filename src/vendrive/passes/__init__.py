"""The signed right of one person to one drive. Pure: no clock, no socket, no random source."""
