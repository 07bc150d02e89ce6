"""The surrogates of snnTorch, SpikingJelly and Norse as they are installed, taken as they are.

``surroreg.load("spikingjelly/erf", alpha=2)`` is SpikingJelly's own ``Erf(alpha=2)``, in surroreg's hands: named,
validated, copied by name. One module is one plugin; where its library is missing, it offers nothing and says so.
"""
