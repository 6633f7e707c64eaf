"""Which seed catches which safeguard when it is removed; made by `vendrive simulate ablations`."""

CAUGHT_BY: dict[str, int] = {
    "nobody_there": 0,
    "journal_first": 0,
    "synced_disk": 0,
    "chained_journal": 0,
    "number_once": 2,
    "fresh_data": 52,
    "unknown_is_unknown": 41,
    "all_sources_say_empty": 50,
    "journal_against_sensors": 23,
    "way_free": 14,
    "right_face": 13,
    "genuine_pass": 3,
    "pass_used_once": 10,
    "cancelled_is_void": 31,
    "window": 11,
}
