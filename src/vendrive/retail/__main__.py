"""`python -m vendrive.retail PROGRAM`."""

import sys

from vendrive.retail.program import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
