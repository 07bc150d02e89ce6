"""The original surrogates of snnTorch, SpikingJelly and Norse, from the installed libraries.

``surroreg.load("spikingjelly/erf", alpha=2)`` is SpikingJelly's own ``Erf(alpha=2)``, with surroreg's names, checks of
values, and copies by name. Each module is a plugin. If its library is missing, it offers no surrogate and reports the
library.
"""
