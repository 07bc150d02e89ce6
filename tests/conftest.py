"""What holds for all tests."""

import sys

from hypothesis import settings

# How long an example takes is no property of what is tested.
settings.register_profile("surroreg", deadline=None)
settings.load_profile("surroreg")

# rockpool imports samna, whose package on PyPI runs pip to replace itself when it is imported: not in a test run.
sys.modules.setdefault("samna", None)
