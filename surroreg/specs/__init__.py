"""What a surrogate is, before any tensor exists. Nothing here imports torch."""

from surroreg.specs.decorator import surrogate
from surroreg.specs.parameters import Parameter
from surroreg.specs.references import Reference
from surroreg.specs.signature import Role
from surroreg.specs.spec import IDENTIFIER, SurrogateSpec
from surroreg.specs.traits import Traits

__all__ = ["IDENTIFIER", "Parameter", "Reference", "Role", "SurrogateSpec", "Traits", "surrogate"]
