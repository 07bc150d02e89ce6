"""The checks. Importing this package enters them into the table, in the order of reports."""

# ruff: noqa: F401, I001
from surroreg.conformance.checks import effects
from surroreg.conformance.checks import forward
from surroreg.conformance.checks import backward
from surroreg.conformance.checks import elementwise
from surroreg.conformance.checks import layout
from surroreg.conformance.checks import purity
from surroreg.conformance.checks import upstream
from surroreg.conformance.checks import values
from surroreg.conformance.checks import saved
from surroreg.conformance.checks import parameters
from surroreg.conformance.checks import declarations
from surroreg.conformance.checks import strict
from surroreg.conformance.checks import stochastic
from surroreg.conformance.checks import transforms
from surroreg.conformance.checks import objects
from surroreg.conformance.checks import engineering
from surroreg.conformance.checks import provider
from surroreg.conformance.checks import cuda
