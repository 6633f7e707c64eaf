"""The end of a program at any moment."""


class Crash(BaseException):
    """The program ends here and now, as by a power cut: nothing of it runs on."""
