"""Measurements of speed and memory: ``surroreg bench``.

One run times all candidates in turn, round after round. So other load on the machine affects all of them alike. Only
the command line imports this room.
"""
