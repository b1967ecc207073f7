"""`tests.e2e.forks` for servers that add to the coverage of the run."""

import sys

from tests import measured
from tests.e2e import forks

if __name__ == "__main__":
    measured.measure_servers()
    forks.serve(sys.argv[1], at_end=measured.write_process)
