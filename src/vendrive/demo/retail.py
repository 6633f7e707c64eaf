"""`python -m vendrive.demo.retail PROGRAM`: retail with the demo's ports (stand-ins, moved calendar)."""

import sys

from vendrive.retail.program import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], "vendrive.demo.settings"))
