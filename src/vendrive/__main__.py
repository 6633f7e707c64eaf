"""`python -m vendrive PROGRAM …`."""

import sys

from vendrive.cli import main

sys.exit(main())
