"""The coach."""

import os

# Numpy reads it as it is loaded. One message is too little to share out: on a busy machine threads wait for
# one another ten times longer than they work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
