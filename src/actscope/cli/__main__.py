"""`python -m actscope.cli`."""

import sys

from actscope.cli import main

if __name__ == "__main__":
    sys.exit(main())
