"""Messages between programs: frozen, versioned, validated when read."""
