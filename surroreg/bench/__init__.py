"""Speed and memory, measured: ``surroreg bench``.

Everything that is compared is timed in turn, round after round, in one run: what else happens on the
machine meets all of it alike. Nothing here is imported by anything but the command line.
"""
