"""The commands, one module each: ``surroreg NAME`` is the ``COMMAND`` of ``NAME.py``."""
