"""What a surrogate is, before any tensor exists: its spec, traits and references."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, get_args

from surroreg.errors import ParameterError, ParameterTypeError, SpecError, did_you_mean, in_one_line, public, shortened
from surroreg.specs import pickling
from surroreg.specs.imports import import_object, reference_to
from surroreg.specs.parameters import NAME, SCALE, SHIFT, Parameter
from surroreg.specs.references import Reference
from surroreg.specs.signature import LEADING, Role, check_signature
from surroreg.specs.traits import Traits
from surroreg.specs.validation import as_reference, as_text, as_tuple

if TYPE_CHECKING:
    from surroreg.module import Surrogate

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,99}")


@public
@dataclass(frozen=True, kw_only=True, eq=False)
class SurrogateSpec:
    """The immutable description a surrogate is built from. It needs no torch to exist.

    Give either ``derivative`` (see :func:`surrogate`, which is the usual way) or ``factory``.
    ``derivative``, ``primitive``, ``kernel`` and ``factory`` may be import strings
    (``"package.module:name"``), which are resolved when the first surrogate is built.

    Args:
        name: lower-case name within the plugin's namespace.
        derivative: ``d(x, *parameters)``, plain differentiable torch code, elementwise.
        factory: ``factory(**parameters)`` returning any callable ``x -> spikes``, taken as it is.
        primitive: ``p(x, *parameters)``, a smooth step whose derivative in ``x`` is ``derivative``.
        kernel: ``vjp(x, grad, *parameters)``: the same numbers as ``grad * derivative(x)``, faster. It
            writes to neither argument. It is called with plain tensors and numbers only, outside
            compilers and transforms; elsewhere, and where a parameter is a tensor, ``derivative`` is used.
            Half-precision tensors reach both as float32. A kernel that reads only the sign gets, in place
            of ``x``, 1 where that is above zero and 0 elsewhere, in any precision.
        formula: the derivative in SymPy's syntax, in ``x`` and the parameters. It is never executed: it is read as
            numbers, names, operators and calls of a list of functions, and bounded in size, when it is first used.
        summary: one line.
        description: what a user must know before choosing it.
        parameters, references, aliases, traits: see their classes; a reference may be given as text.
        examples: sets of parameter values that conformance tries besides the defaults; a required
            parameter needs one.
        deprecated_aliases: names that still load, with one warning, and are listed nowhere.
        base: the spec of which this spec is the scaled or shifted form; surroreg makes such specs by itself.

    Raises:
        SpecError: a part is of another type than is said here, a name breaks the grammar, a signature disagrees
            with ``parameters``, or neither or both of ``derivative`` and ``factory`` are given.

    Example:
        A callable that exists already becomes a surrogate by a factory::

            >>> import torch
            >>> from surroreg import Parameter, SurrogateSpec
            >>> def straight_through(clip):
            ...     def spike(x):
            ...         bounded = x.clamp(-clip, clip)
            ...         return (x > 0).to(x.dtype) + bounded - bounded.detach()
            ...     return spike
            >>> spec = SurrogateSpec(
            ...     name="straight_through",
            ...     factory=straight_through,
            ...     parameters=[Parameter("clip", 1.0, gt=0)],
            ... )
            >>> x = torch.tensor([-2.0, 0.5], requires_grad=True)
            >>> spec(clip=1.0)(x).sum().backward()
            >>> x.grad.tolist()
            [0.0, 1.0]
    """

    name: str
    derivative: Callable[..., Any] | str | None = None
    factory: Callable[..., Any] | str | None = None
    primitive: Callable[..., Any] | str | None = None
    kernel: Callable[..., Any] | str | None = None
    parameters: tuple[Parameter, ...] = ()
    formula: str | None = None
    summary: str = ""
    description: str = ""
    references: tuple[Reference, ...] = ()
    aliases: tuple[str, ...] = ()
    deprecated_aliases: tuple[str, ...] = ()
    traits: Traits = field(default_factory=Traits)
    examples: tuple[Mapping[str, Any], ...] = ()
    base: SurrogateSpec | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._check_types()
        for alias in self.aliases + self.deprecated_aliases:
            if not NAME.fullmatch(alias):
                raise SpecError(
                    f"{self.name}: {shortened(alias)} is no alias: letters, digits and '_', a letter first."
                )
        names = [p.name for p in self.parameters]
        if len(set(names)) < len(names):
            raise SpecError(f"{self.name}: a parameter is declared twice in {names}.")
        if (self.derivative is None) == (self.factory is None):
            raise SpecError(f"{self.name}: give either a derivative or a factory.")
        for reserved in (SCALE, SHIFT):
            if self.derivative is not None and reserved.name in names and reserved not in self.parameters:
                raise SpecError(
                    f"{self.name}: {reserved.name!r} cannot be a parameter of its own: every surrogate takes one. "
                    "Leave the factor or the offset out of the derivative."
                )
        if self.factory is not None and (self.primitive is not None or self.kernel is not None):
            raise SpecError(f"{self.name}: a factory is a black box; primitive and kernel go with a derivative.")
        if self.derivative is not None and self.traits.supports is not None:
            raise SpecError(f"{self.name}: a derivative works with all of PyTorch; supports is for a factory.")
        if self.traits.stable_formula and (self.derivative is None or self.formula is None or self.traits.stochastic):
            raise SpecError(f"{self.name}: stable_formula is for a derivative with a formula that does not draw.")
        object.__setattr__(self, "examples", tuple(map(self._checked_example, self.examples)))
        if self.base is not None:
            self._check_base(self.base)
        for role in LEADING:
            function = getattr(self, role)
            if callable(function):
                check_signature(self.name, role, function, self.parameters)

    def _check_base(self, base: SurrogateSpec) -> None:
        if type(base) is not SurrogateSpec:
            raise SpecError(f"{self.name}: base must be a SurrogateSpec, not {shortened(base)}.")
        # Configs and pickles name the base: a difference from the base would be lost.
        for key in ("name", "summary", "description", "references", "aliases", "deprecated_aliases", "examples"):
            if getattr(self, key) != getattr(base, key):
                raise SpecError(
                    f"{self.name}: the {key} of a scaled or shifted spec cannot differ from its base's. "
                    "Replace it in the base, then scale or shift that."
                )

    def _check_types(self) -> None:
        """Convert the fields to plain texts, tuples and references, or raise."""
        object.__setattr__(self, "name", as_text(self.name, "the name of a surrogate"))
        if not IDENTIFIER.fullmatch(self.name):
            raise SpecError(
                f"{shortened(self.name)} is no surrogate name: lower-case letters, digits and '_', a letter first."
            )
        for key in ("summary", "description", *(() if self.formula is None else ("formula",))):
            object.__setattr__(self, key, as_text(getattr(self, key), f"{self.name}: {key}"))
        for key in ("parameters", "references", "aliases", "deprecated_aliases", "examples"):
            object.__setattr__(self, key, as_tuple(getattr(self, key), f"{self.name}: {key}"))
        for key in ("aliases", "deprecated_aliases"):
            object.__setattr__(self, key, tuple(as_text(each, f"{self.name}: an alias") for each in getattr(self, key)))
        references = tuple(r if type(r) is Reference else Reference(r) for r in self.references)  # type: ignore[arg-type]
        object.__setattr__(self, "references", references)
        # No subclasses: they could override comparison, hash and repr.
        for parameter in self.parameters:
            if type(parameter) is not Parameter:
                raise SpecError(
                    f"{self.name}: parameters takes surroreg.Parameter objects, not {shortened(parameter)}."
                )
        if type(self.traits) is not Traits:
            raise SpecError(f"{self.name}: traits must be surroreg.Traits, not {shortened(self.traits)}.")
        for role in get_args(Role):
            function = getattr(self, role)
            if isinstance(function, str):
                object.__setattr__(self, role, as_reference(function, f"{self.name}: its {role}"))
            elif function is not None and not callable(function):
                raise SpecError(f"{self.name}: its {role} must be a function, not {shortened(function)}.")

    def _checked_example(self, example: Any) -> dict[str, Any]:
        if not isinstance(example, Mapping):
            raise SpecError(f"{self.name}: an example is a mapping of parameters to values, not {shortened(example)}.")
        checked = {}
        for name, value in example.items():
            try:
                parameter = self.parameter(as_text(name, f"{self.name}: a parameter of an example"))
                is_reference = parameter.type is Callable and isinstance(value, str)  # imported when it is needed
                checked[parameter.name] = value if is_reference else parameter.check(value)
            except ParameterError as error:
                raise SpecError(f"{self.name}: example of {error}") from error
        return checked

    def __call__(self, *, at_zero: int | None = None, saved_dtype: Any = None, **params: Any) -> Surrogate:
        """Build a surrogate; see :func:`surroreg.load` for arguments and errors."""
        # By reference, because the module imports specs: an import here would make a circle.
        build = import_object("surroreg.module:Surrogate")
        return build(self, params, at_zero=at_zero, saved_dtype=saved_dtype)  # type: ignore[no-any-return]

    def parameter(self, name: str) -> Parameter:
        """Return the parameter called ``name``.

        Raises:
            ParameterTypeError: no parameter has that name; the message lists the names.
        """
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        hint = did_you_mean(name, [p.name for p in self.parameters]) if isinstance(name, str) else ""
        raise ParameterTypeError(f"{self.name!r} has no parameter {shortened(name)}.{hint} {self.accepted}")

    @property
    def accepted(self) -> str:
        """The parameters with their defaults, as one sentence for messages."""
        known = [p.name if p.required else f"{p.name}={p.default}" for p in self.parameters]
        also = "" if self.derivative is None else ", and like every surrogate scale and shift"
        return f"It takes {', '.join(known)}{also}." if known else f"It takes no parameters{also}."

    def resolve(self, role: Role) -> Callable[..., Any] | None:
        """Return the function in that role, importing it where it was given as a string."""
        function = getattr(self, role)
        if not isinstance(function, str):
            return function  # type: ignore[no-any-return]
        if role not in self._imported:
            imported = import_object(function)
            if isinstance(imported, SurrogateSpec):  # the name of a decorated function leads to its spec
                return imported.resolve(role)
            check_signature(self.name, role, imported, self.parameters)
            self._imported[role] = imported
        return self._imported[role]

    @functools.cached_property
    def _imported(self) -> dict[Role, Callable[..., Any]]:
        """The functions given as import strings, once they are imported."""
        return {}

    @property
    def origin(self) -> str:
        """``"package.module:name"`` at which the spec was defined."""
        return reference_to(self.derivative if self.factory is None else self.factory)

    def is_same(self, other: object) -> bool:
        """Whether ``other`` is this spec, or was rebuilt from its description."""
        if other is self or not isinstance(other, SurrogateSpec):
            return other is self
        roles: tuple[Role, ...] = ("derivative", "factory")
        return self.to_dict() == other.to_dict() and all(self.resolve(r) is other.resolve(r) for r in roles)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-safe description; functions are given as import strings."""
        roles = ("derivative", "factory", "primitive", "kernel")
        return {
            **({} if self.base is None else {"base": self.base.to_dict()}),
            "name": self.name,
            **{role: reference_to(getattr(self, role)) for role in roles if getattr(self, role) is not None},
            "parameters": [p.to_dict() for p in self.parameters],
            "formula": self.formula,
            "summary": self.summary,
            "description": self.description,
            "references": [r.identifier for r in self.references],
            "aliases": list(self.aliases),
            "deprecated_aliases": list(self.deprecated_aliases),
            "traits": {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self.traits).items()},
            "examples": [{k: reference_to(v) if callable(v) else v for k, v in e.items()} for e in self.examples],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SurrogateSpec:
        """Rebuild a spec from its description; functions are imported when they are needed.

        Raises:
            SpecError: a key is unknown, or the description breaks a rule of this class.
        """
        if not isinstance(data, Mapping):
            raise SpecError(f"the description of a spec is a mapping, not {shortened(data)}.")
        if "base" in data:
            return cls._adjusted_from(data)
        unknown = sorted(map(str, data.keys() - {f.name for f in fields(cls)}))
        if unknown:
            raise SpecError(f"unknown key {shortened(unknown[0])} in the description of a spec.")
        parameters = as_tuple(data.get("parameters", ()), "parameters")
        try:
            traits = Traits(**data.get("traits", {}))
            return cls(**{**data, "parameters": tuple(map(Parameter.from_dict, parameters)), "traits": traits})
        except TypeError as error:
            raise SpecError(f"cannot read the description of a spec: {in_one_line(error)}.") from error

    @classmethod
    def _adjusted_from(cls, data: Mapping[str, Any]) -> SurrogateSpec:
        """Rebuild a spec that has a scale or a shift from the description of its base."""
        from surroreg.specs.adjusted import described

        base = data["base"]
        if not isinstance(base, Mapping) or "base" in base:
            raise SpecError(f"the base of a spec is the description of another, not {shortened(base)}.")
        parameters = as_tuple(data.get("parameters", ()), "parameters")
        return described(cls.from_dict(base), [Parameter.from_dict(each).name for each in parameters])

    def to_json(self) -> str:
        """Return ``to_dict`` as JSON text."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> SurrogateSpec:
        """Rebuild a spec from ``to_json``.

        Raises:
            SpecError: the text is no JSON, or as for ``from_dict``.
        """
        try:
            data = json.loads(text)
        except (ValueError, TypeError, RecursionError) as error:
            raise SpecError(f"the description of a spec is no JSON: {in_one_line(error)}.") from error
        return cls.from_dict(data)

    def _repr_html_(self) -> str:
        return str(import_object("surroreg.drawing.card:card")(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return pickling.reduced(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> SurrogateSpec:
        return self
