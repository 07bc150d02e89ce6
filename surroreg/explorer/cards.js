// Controls: a card for each surrogate on the page, with its sliders, its numbers, and the line that loads it.

/** Make an HTML element. Texts are never parsed as markup. */
function make(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in node && key !== "list") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

/** The value at a position of the slider, in few digits. */
function valueAt({ slider, whole }, place) {
  const { low, high, zero, steps } = slider;
  if (whole) return low + place;
  if (zero === null) return Number((low + ((high - low) * place) / steps).toPrecision(6));
  const distance = Number(((low - zero) * ((high - zero) / (low - zero)) ** (place / steps)).toPrecision(3));
  return Number((zero + distance).toPrecision(12));
}

/** The position of the slider that is nearest to a value. */
function placeOf({ slider }, value) {
  const { low, high, zero, steps } = slider;
  const inside = Math.max(low, Math.min(high, value));
  const share = zero === null ? (inside - low) / (high - low) : Math.log((inside - zero) / (low - zero)) / Math.log((high - zero) / (low - zero));
  return Math.round(share * steps);
}

function isWithin({ gt = -Infinity, ge = -Infinity, lt = Infinity, le = Infinity }, value) {
  return value > gt && value >= ge && value < lt && value <= le;
}

/** The reason why a value is not permitted, or an empty text. */
function refused({ name, whole, bounds, bounds_text, range = {}, range_text = "" }, value) {
  if (!Number.isFinite(value)) return `${name} takes a number.`;
  if (whole && !Number.isInteger(value)) return `${name} takes a whole number.`;
  if (!isWithin(bounds, value)) return `${name} must be ${bounds_text}.`;
  return isWithin(range, value) ? "" : `${name} must be ${range_text}.`;
}

/** A number as Python source: a float has a point or an exponent. */
function python({ whole }, value) {
  const text = String(Object.is(value, -0) ? 0 : value);
  return whole || /[.e]/.test(text) ? text : `${text}.0`;
}

/** The line of Python that loads the surrogate with its present values. */
function loadLine({ name, parameters }, values) {
  const given = parameters.flatMap((parameter, place) =>
    parameter.always || values[place] !== parameter.value ? [`, ${parameter.name}=${python(parameter, values[place])}`] : [],
  );
  return `surroreg.load('${name}'${given.join("")})`;
}

let cards = 0;

/** A card. It calls `changed` with the name of a control that has moved, and `removed` when a user closes it. */
class Card {
  constructor(place, values, slot, { changed, removed }) {
    this.place = place;
    this.surrogate = DATA.surrogates[place];
    this.values = values;
    this.slot = slot;
    this.id = `card${++cards}`;
    this.changed = changed;
    const { name, parameters } = this.surrogate;
    this.numbers = make("p", { className: "numbers" });
    this.code = make("code", { id: `${this.id}-code` });
    this.copied = make("span", { className: "copied", role: "status" });
    this.controls = parameters.map((parameter, index) => this.#control(parameter, index));
    const remove = make("button", { type: "button", className: "quiet", ariaLabel: `Remove ${name}`, textContent: "✕" });
    remove.addEventListener("click", removed);
    const copy = make("button", { type: "button", textContent: "Copy", ariaLabel: `Copy the line that loads ${name}` });
    copy.addEventListener("click", () => this.#copy());
    this.node = make(
      "section",
      { className: `card slot${slot}`, ariaLabel: name },
      make("header", {}, sample(slot), make("h2", { textContent: name }), remove),
      make("p", { textContent: this.surrogate.summary }),
      ...this.#notes(),
      ...this.controls.map(({ row }) => row),
      this.numbers,
      make("div", { className: "load" }, this.code, copy),
      this.copied,
      this.#about(),
    );
    this.update();
  }

  /** Compute and show all numbers again; the sliders follow the values. */
  update() {
    this.curve = new Curve(this.place, this.values);
    const { height, at } = this.curve.peak;
    this.numbers.replaceChildren(
      make("span", {}, "peak ", figure("peak", height), " at x = ", figure("at", at)),
      make("span", {}, "area ", figure("area", this.curve.area)),
    );
    this.code.textContent = loadLine(this.surrogate, this.values);
    this.copied.textContent = "";
    this.controls.forEach(({ show }) => show());
  }

  #set(index, value, name) {
    this.values[index] = value;
    this.update();
    this.changed(`${this.id} ${name}`);
  }

  #control(parameter, index) {
    const id = `${this.id}-${parameter.name}`;
    const error = make("p", { id: `${id}-error`, className: "error" });
    const range = make("input", { type: "range", id, min: 0, max: parameter.slider.steps, step: 1 });
    const number = make("input", { type: "number", step: "any", ariaLabel: `${parameter.name}, as a number` });
    number.setAttribute("aria-describedby", error.id);
    range.addEventListener("input", () => this.#set(index, valueAt(parameter, Number(range.value)), parameter.name));
    number.addEventListener("input", () => {
      const problem = refused(parameter, number.value === "" ? NaN : Number(number.value));
      error.textContent = problem;
      number.setAttribute("aria-invalid", Boolean(problem));
      if (!problem) this.#set(index, Number(number.value), parameter.name);
    });
    // When the focus leaves the field, the last permitted value replaces a refused text.
    number.addEventListener("blur", () => this.update());
    const show = () => {
      const value = this.values[index];
      range.value = placeOf(parameter, value);
      range.setAttribute("aria-valuetext", brief(value));
      if (document.activeElement === number && Number(number.value) === value) return;
      number.value = value;
      number.setAttribute("aria-invalid", false);
      error.textContent = "";
    };
    const label = make("label", { htmlFor: id }, parameter.name);
    if (parameter.symbol && parameter.symbol !== parameter.name) label.append(" ", make("i", { textContent: parameter.symbol }));
    return { show, row: make("div", { className: "parameter" }, label, range, number, error) };
  }

  #notes() {
    const { random, adjustable, fires_at_zero: firesAtZero } = this.surrogate;
    const notes = [];
    if (random) notes.push("Drawn at random in every backward pass; shown here with the noise U at its mean, 1/2.");
    if (!adjustable) notes.push("Comes from a library as it is, so it takes neither scale nor shift.");
    if (firesAtZero) notes.push("Fires at exactly zero.");
    return notes.map((text) => make("p", { className: "note", textContent: text }));
  }

  #about() {
    const { formula, description, parameters, references } = this.surrogate;
    const links = references.map((address) => make("li", {}, make("a", { href: address, rel: "noreferrer", textContent: address })));
    return make(
      "details",
      {},
      make("summary", { textContent: "Formula and what to know" }),
      make("p", {}, make("code", { textContent: `d(x) = ${formula}` })),
      make("p", { textContent: description }),
      make("dl", {}, ...parameters.flatMap(({ name, bounds_text, doc }) => [
        make("dt", { textContent: bounds_text ? `${name} ${bounds_text}` : name }),
        make("dd", { textContent: doc }),
      ])),
      make("ul", {}, ...links),
    );
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.code.textContent);
      this.copied.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(this.code);
      this.copied.textContent = "Selected: copy it with Ctrl+C or ⌘C.";
    }
  }
}

function figure(className, value) {
  return make("output", { className, textContent: brief(value) });
}

/** A short sample of a curve's line, for its card and the legend. */
function sample(slot) {
  const line = element("line", { x1: 1, x2: 39, y1: 6, y2: 6, class: `line slot${slot}` });
  return element("svg", { viewBox: "0 0 40 12", width: 40, height: 12, "aria-hidden": "true" }, line);
}
