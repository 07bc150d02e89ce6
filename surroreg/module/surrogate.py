"""``Surrogate``: a spec with values, as an ``nn.Module``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from surroreg.autograd import Call, check_input, spike
from surroreg.errors import (
    NoPrimitiveError,
    ParameterError,
    ParameterTypeError,
    SpecError,
    did_you_mean,
    public,
    shortened,
)
from surroreg.module import copies
from surroreg.module.scaling import scaled, shifted
from surroreg.module.values import checked, shown, to_plain
from surroreg.registry import process
from surroreg.registry.qualified import BUILTIN, qualified
from surroreg.specs import SurrogateSpec
from surroreg.specs.adjusted import adjusted
from surroreg.specs.parameters import SCALE, SHIFT
from surroreg.specs.validation import as_saved_dtype, check_at_zero, require_derivative

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@public
class Surrogate(nn.Module):
    """A Heaviside step forward, a pseudo-derivative backward. Get one from :func:`surroreg.load`.

    A parameter is an attribute: reading gives its value, assigning validates and takes effect at
    the next call, so annealing is ``s.slope = 30``.

    Args:
        spec: the description of the surrogate.
        params: values of parameters; the other parameters take their defaults.
        at_zero: spike at exactly zero, 0 or 1; as the spec says if ``None``.
        saved_dtype: dtype in which the backward pass keeps the input; its own if ``None``.

    Raises:
        TypeError: ``spec`` is no :class:`SurrogateSpec`, or ``params`` no mapping.
        ParameterError, NoPrimitiveError: see :func:`surroreg.load`.
    """

    # Exactly the attributes that are rebuilt from the spec: copies and pickles leave out what is annotated here.
    spec: SurrogateSpec
    _names: tuple[str, ...]
    _fires_at_zero: bool
    _saved_dtype: str | None
    _call: Call | None
    _factored: Callable[[Tensor], Tensor]

    def __init__(
        self, spec: SurrogateSpec, params: Mapping[str, Any], at_zero: int | None = None, saved_dtype: Any = None
    ) -> None:
        super().__init__()
        # No name either: weights-only loading may call this class, and finding a name could import anything.
        if not isinstance(spec, SurrogateSpec) or not isinstance(params, Mapping):
            raise TypeError(
                f"Surrogate takes a SurrogateSpec and a mapping of parameters, not {shortened(spec)} and "
                f"{shortened(params)}; surroreg.load takes a name."
            )
        spec = adjusted(spec, params)
        native = int(spec.traits.fires_at_zero)
        check_at_zero(at_zero)
        if spec.factory is not None and at_zero not in (None, native):
            raise ParameterError(
                f"{spec.name!r} is a black box that returns {native} at zero; leave at_zero out, or give {native}."
            )
        for name in params:
            spec.parameter(name)
        self._describe(spec, bool(native if at_zero is None else at_zero), as_saved_dtype(saved_dtype))
        for parameter in spec.parameters:
            if parameter.name not in params and parameter.required:
                raise ParameterTypeError(f"{spec.name!r} needs a value for {parameter.name!r}. {spec.accepted}")
            if hasattr(type(self), parameter.name) or parameter.name in self.__dict__:
                raise SpecError(f"{spec.name!r} cannot have a parameter {parameter.name!r}: the module uses that name.")
            self._store(parameter.name, checked(spec, parameter, params.get(parameter.name, parameter.default)))
        self._rebuild()
        if self._saved_dtype is not None:
            self._require_kept_input()

    def _require_kept_input(self) -> None:
        """Raise unless the backward pass keeps the input, which a narrower dtype can then hold."""
        if self._call is None:
            kept = "is a black box, which decides by itself what it keeps"
        elif self._call.rule.keeps == "input" or any(p.requires_grad for p in self.parameters()):
            return
        else:
            what = "only the spikes" if self._call.rule.keeps == "spikes" else "nothing"
            kept = f"keeps {what} for its backward pass"
        raise ParameterError(f"{self.spec.name!r} {kept}: leave saved_dtype={self._saved_dtype!r} out.")

    def _describe(self, spec: SurrogateSpec, fires_at_zero: bool, saved_dtype: str | None) -> None:
        # Bypass __setattr__, which refuses to set these.
        self.__dict__["spec"] = spec
        self.__dict__["_names"] = tuple(p.name for p in spec.parameters)
        self.__dict__["_fires_at_zero"] = fires_at_zero
        self.__dict__["_saved_dtype"] = saved_dtype

    if TYPE_CHECKING:

        def __call__(self, x: Tensor) -> Tensor: ...  # noqa: D102
        def __getattr__(self, name: str) -> Any: ...

    # -- calling --------------------------------------------------------------------------------

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes of ``x``: 1 above zero, 0 below, in its shape, dtype and device.

        Args:
            x: membrane minus threshold; float16, bfloat16, float32 or float64, dense, any shape. NaN
                does not spike.

        Raises:
            TypeError: ``x`` is an integer, bool, complex or sparse tensor, or no tensor.
        """
        call = self._call
        if call is None:
            check_input(x)
            return self._factored(x)
        return spike(call, x, [getattr(self, name) for name in call.held] if call.held else ())

    def derivative(self, x: Tensor) -> Tensor:
        """Return the pseudo-derivative at ``x``: same shape and dtype, differentiable.

        Raises:
            NotImplementedError: the surrogate is built by a factory, so its derivative is not available.
        """
        check_input(x)
        require_derivative(self.spec)
        assert self._call is not None
        return self._call.rule.slope(x, self._values())

    def primitive(self, x: Tensor) -> Tensor:
        """Return the smooth step whose derivative this is, at ``x``: same shape and dtype, differentiable.

        Raises:
            NoPrimitiveError: the spec has none.
        """
        check_input(x)
        if self._call is None or self._call.rule.primitive is None:
            raise NoPrimitiveError(f"{self.spec.name!r} has no primitive.")
        return self._call.rule.level(x, self._values())

    # -- strength and place -----------------------------------------------------------------------

    def scaled(self, *, factor: float | None = None, peak: float | None = None, area: float | None = None) -> Surrogate:
        """Return this surrogate with its derivative multiplied by a constant. The spikes do not change.

        Surrogates of one shape are up to 50,000 times as strong in one library as in another, and it is the
        strength rather than the shape that decides whether a network learns (Zenke & Vogels 2021,
        doi:10.1162/neco_a_01367). The factor is computed once, from the present values of the parameters; it is the
        parameter ``scale`` of the result.

        Args:
            factor: multiplies the present scale.
            peak: the largest absolute value of the scaled derivative.
            area: the integral of the scaled derivative.

        Raises:
            TypeError: not exactly one of the three is given, or the value is no number.
            ParameterError: the value is not above zero, or the peak or area is infinite, negative, zero or random.
            NotImplementedError: the surrogate is built by a factory, so its derivative is not available.
        """
        return scaled(self, factor=factor, peak=peak, area=area)

    def shifted(self, *, by: float) -> Surrogate:
        """Return this surrogate with its derivative moved up by ``by`` membrane units, or down if ``by`` is negative.

        The step stays at zero. The offset is the parameter ``shift`` of the result.

        Raises:
            ParameterTypeError: ``by`` is no number, but a tensor, for example.
            ParameterError: ``by`` is NaN or infinite.
            NotImplementedError: the surrogate is built by a factory, so its derivative is not available.
        """
        return shifted(self, by)

    # -- parameters -----------------------------------------------------------------------------

    @property
    def params(self) -> dict[str, Any]:
        """The parameters and their present values."""
        return dict(zip(self._names, self._values(), strict=True))

    @property
    def at_zero(self) -> int:
        """The spike at exactly zero."""
        return int(self._fires_at_zero)

    @property
    def saved_dtype(self) -> str | None:
        """The name of the dtype in which the backward pass keeps the input; ``None`` for the input's own."""
        return self._saved_dtype

    def _values(self) -> list[Any]:
        return [getattr(self, name) for name in self._names]

    def __setattr__(self, name: str, value: Any) -> None:
        names = self.__dict__.get("_names", ())  # torch creates replicas without attributes
        if name in names and hasattr(type(self), name):  # torch.nn.utils.parametrize made it a property
            object.__setattr__(self, name, value)
        elif name in names:
            # Not checked in a replica: torch copies the parameters there for every batch.
            is_replica = "_is_replica" in self.__dict__
            self._store(name, value if is_replica else checked(self.spec, self.spec.parameter(name), value))
            self._rebuild()
        elif name.startswith("_") or (name != "spec" and self._has(name)) or isinstance(value, nn.Module):
            super().__setattr__(name, value)
        else:
            raise AttributeError(self._refusal(name))

    def _has(self, name: str) -> bool:
        """Whether the module has that attribute, or torch gives it to every module."""
        stores = (self.__dict__, self._parameters, self._buffers, self._modules)
        return name == "qconfig" or hasattr(type(self), name) or any(name in store for store in stores)

    def _refusal(self, name: str) -> str:
        """Return why an attribute cannot be set, and which can."""
        if name == "spec":
            return f"the spec of {self.spec.name!r} cannot be replaced; load another surrogate."
        if name in (SCALE.name, SHIFT.name):
            how = {SCALE.name: "scaled(factor=...)", SHIFT.name: "shifted(by=...)"}[name]
            return f"{self.spec.name!r} has no {name} to set; load it with one, or use {how}."
        known = ", ".join(self._names) or "none"
        return (
            f"{self.spec.name!r} has no parameter {name!r}.{did_you_mean(name, self._names)} Its parameters: {known}. "
            "An attribute of your own must begin with '_'."
        )

    def _store(self, name: str, value: Any) -> None:
        """Store a checked value. A learnt parameter is overwritten in place, so that its optimiser sees the value."""
        learnt = self._parameters.get(name)
        if learnt is not None and not isinstance(value, nn.Parameter):
            self._overwrite(name, learnt, value)
            return
        stores: tuple[dict[str, Any], ...] = (self.__dict__, self._buffers, self._parameters)
        home = stores[isinstance(value, Tensor) + isinstance(value, nn.Parameter)]
        home[name] = value
        # Last, so that a thread that reads the attribute meanwhile gets the old value or the new one.
        for store in stores:
            if store is not home:
                store.pop(name, None)

    def _overwrite(self, name: str, learnt: nn.Parameter, value: Any) -> None:
        if isinstance(value, Tensor) and value.requires_grad:
            raise ParameterTypeError(
                f"{self.spec.name!r} learns {name!r}; a tensor that requires a gradient cannot be written into it. "
                f"Assign under torch.no_grad(), assign its detach(), or replace what is learnt by an nn.Parameter."
            )
        if isinstance(value, Tensor) and value.shape != learnt.shape:
            raise ParameterTypeError(
                f"{self.spec.name!r} learns {name!r} of shape {tuple(learnt.shape)}, not {tuple(value.shape)}. "
                "Assign a tensor of that shape, or replace what is learnt by an nn.Parameter."
            )
        with torch.no_grad():
            learnt.copy_(value) if isinstance(value, Tensor) else learnt.fill_(value)

    def _rebuild(self) -> None:
        """Recompute the arguments of calls after a parameter has changed."""
        if self.spec.factory is not None:
            self.__dict__["_call"] = None
            self._remake()
            return
        while True:
            numbers = self._present_numbers()
            held = tuple(name for name in self._names if name not in self.__dict__)
            self.__dict__["_call"] = Call(self.spec, self._fires_at_zero, numbers, held, self._saved_dtype)
            if self._present_numbers() == numbers:  # no other thread has set a parameter meanwhile
                return

    def _present_numbers(self) -> list[Any]:
        return [self.__dict__.get(name) for name in self._names]

    def _remake(self) -> None:
        factory = self.spec.resolve("factory")
        assert factory is not None
        black_box = factory(**self.params)
        if not callable(black_box):
            raise SpecError(f"the factory of {self.spec.name!r} returned {black_box!r}, which cannot be called.")
        super().__setattr__("_factored", black_box)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the derivative; without axes, draw the spike and the primitive too; see :func:`surroreg.plot.plot`.

        Raises:
            MissingLibraryError: matplotlib is not installed.
            ParameterError: a parameter is a tensor of several values.
        """
        from surroreg.plot import plot

        return plot(self, ax)

    # -- description and copies -----------------------------------------------------------------

    def to_config(self) -> dict[str, Any]:
        """Return ``{"name": ..., "params": {...}}``, JSON-safe, for :func:`surroreg.from_config`.

        Raises:
            SpecError: the surrogate, or a callable among its parameters, has no importable name.
        """
        config = {
            "name": process.registry.name_of(self.spec),
            "params": {k: to_plain(v) for k, v in self.params.items()},
        }
        return config | self._options

    def __repr__(self) -> str:
        if torch.compiler.is_compiling():  # vmap asks for a network's repr, and Dynamo cannot trace the rest
            return self.spec.name
        arguments = [f"{name}={shown(value)}" for name, value in self.params.items()]
        arguments += [f"{name}={value!r}" for name, value in self._options.items()]
        try:
            name = process.registry.name_of(self.spec).removeprefix(qualified(BUILTIN, ""))
        except SpecError:
            return f"{self.spec.name}({', '.join(arguments)})"
        return f"surroreg.load({', '.join([repr(name), *arguments])})"

    def _repr_html_(self) -> str:
        from surroreg.drawing.card import card

        return card(self)

    @property
    def __name__(self) -> str:
        # torch.func.vmap asks for the name of a function, and for repr if it has none; Dynamo cannot trace repr.
        return self.spec.name

    @property
    def _options(self) -> dict[str, Any]:
        """The arguments of ``load`` besides the parameters, where they are not the defaults."""
        given = {} if self.at_zero == self.spec.traits.fires_at_zero else {"at_zero": self.at_zero}
        return given if self._saved_dtype is None else {**given, "saved_dtype": self._saved_dtype}

    def __getstate__(self) -> dict[str, Any]:
        return copies.state(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        copies.restore(self, state)

    def __deepcopy__(self, memo: dict[int, Any]) -> Surrogate:
        return copies.deep_copy(self, memo)
