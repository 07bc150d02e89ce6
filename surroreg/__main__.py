"""``python -m surroreg`` is ``surroreg``."""

from surroreg.cli import main

raise SystemExit(main())
