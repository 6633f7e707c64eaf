"""A small set of line icons of our own, 24 by 24, drawn in the text's colour."""

from typing import Final

SHAPES: Final[dict[str, str]] = {
    "alert": "M12 4L21 19.5H3zM12 10v4.5M12 17v.2",
    "arrow-left": "M19 12H5M11 6l-6 6 6 6",
    "arrow-right": "M5 12h14M13 6l6 6-6 6",
    "battery": "M3 8h15v8H3zM21 11v2M6 11v2M9 11v2M12 11v2",
    "bell": "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20.5h4",
    "bolt": "M13 3L6 13.5h5L10.5 21 18 10h-5.2z",
    "calendar": "M4 6h16v14H4zM4 10.5h16M8 3.5v4M16 3.5v4",
    "camera": "M4 8h3.5L9 5.5h6L16.5 8H20v11H4zM12 10a3.3 3.3 0 1 0 .01 0",
    "car": "M3 16v-3.2l2-.8 2.2-4.2Q7.6 7 8.6 7h6.2q.9 0 1.5.7L19.5 12l1.5.8V16h-2.2M15.2 16H8.8M5.2 16H3"
    "M7 14.2a1.8 1.8 0 1 0 .01 0M17 14.2a1.8 1.8 0 1 0 .01 0",
    "card": "M3 6h18v12H3zM3 10h18M6.5 14.5H11",
    "check": "M5 12.5l4.5 4.5L19 7.5",
    "chevron-down": "M6 9.5l6 6 6-6",
    "chevron-right": "M9.5 6l6 6-6 6",
    "clock": "M12 3.5a8.5 8.5 0 1 0 .01 0M12 7.5V12l3.2 2",
    "cross": "M6 6l12 12M18 6L6 18",
    "door": "M6 21V4h12v17M3.5 21h17M14.5 12v1.5",
    "exit": "M14 4H5v16h9M10 12h10.5M17 8.5l3.5 3.5-3.5 3.5",
    "face": "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M9 9.5v1M15 9.5v1M12 9.5v3.2h-1M9 15.5q3 2 6 0",
    "globe": "M12 3.5a8.5 8.5 0 1 0 .01 0M3.5 12h17M12 3.5q-4.5 4-4.5 8.5t4.5 8.5q4.5-4 4.5-8.5T12 3.5",
    "heart": "M12 19.5L4.8 12a4.4 4.4 0 0 1 7.2-5 4.4 4.4 0 0 1 7.2 5z",
    "help": "M12 3.5a8.5 8.5 0 1 0 .01 0M9.5 9.6a2.6 2.6 0 1 1 3.6 2.5q-1.1.5-1.1 1.9M12 16.8v.2",
    "info": "M12 3.5a8.5 8.5 0 1 0 .01 0M12 11v5.5M12 7.6v.2",
    "key": "M8 11.5a4 4 0 1 0 .01 8 4 4 0 0 0-.01-8M10.8 12.7L19.5 4M16 7.5l3 3",
    "lift": "M4 3v18M20 3v18M4 14h16M8 14V9.5h8V14M12 6.5V2.8M10 4.6l2-2 2 2",
    "list": "M8.5 6h12M8.5 12h12M8.5 18h12M4 6h.2M4 12h.2M4 18h.2",
    "lock": "M5.5 10.5h13V20h-13zM8.5 10.5V8a3.5 3.5 0 0 1 7 0v2.5M12 14.2v2",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "moon": "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
    "phone": "M7 3h10v18H7zM11 18h2",
    "pin": "M12 21q-6.5-6.7-6.5-11a6.5 6.5 0 0 1 13 0Q18.5 14.3 12 21zM12 7.6a2.4 2.4 0 1 0 .01 0",
    "qr": "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.5v2.5M20 14v2.5M14 20h2.5M20 19.5v.5M7 7h.1M17 7h.1M7 17h.1",
    "refresh": "M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.5 3.5V8H15",
    "return": "M9 5L4.5 9.5 9 14M4.5 9.5H15a5 5 0 0 1 0 10H9",
    "search": "M10.5 4a6.5 6.5 0 1 0 .01 0M15.3 15.3L20.5 20.5",
    "shield": "M12 3l8 3v5.5q0 6-8 9.5-8-3.5-8-9.5V6zM8.5 12l2.5 2.5 4.5-5",
    "stop": "M8.5 3.5h7l5 5v7l-5 5h-7l-5-5v-7zM8.5 12h7",
    "sun": "M12 8a4 4 0 1 0 .01 0M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2"
    "M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4"
    "M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
    "tower": "M6 21V3.5h12V21M3.5 21h17M6 8.5h12M6 13.5h12M9.5 21v-4h5v4M12 3.5v10",
    "upload": "M12 16V4.5M7.5 9L12 4.5 16.5 9M4.5 15v4.5h15V15",
    "user": "M12 4a4 4 0 1 0 .01 0M4.5 20.5q.8-6 7.5-6t7.5 6",
    "users": "M9 5a3.5 3.5 0 1 0 .01 0M2.5 20q.6-5.5 6.5-5.5t6.5 5.5M15.5 5.3a3.3 3.3 0 1 1 .6 6.3M18 15q3 .9 3.5 4.7",
    "wifi-off": "M4 4l16 16M6.5 12.5q1.8-1.7 4-2.2M3.5 9.3q1.5-1.3 3.2-2.2"
    "M12 6q5 0 8.5 3.3M9.5 15.8q2.5-1.8 5 0M12 19v.2",
}


def draw_icon(name: str) -> str:
    """The icon as an `<svg>` hidden from screen readers: its label stands beside it. KeyError for an unknown name."""
    return (
        '<svg class="icon" viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" '
        'stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">'
        f'<path d="{SHAPES[name]}"/></svg>'
    )
