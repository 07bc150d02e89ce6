// Controls: a card for each surrogate shown, with its sliders, its numbers, and the line that loads it.

/** Make an HTML element. Texts are never read as markup. */
function make(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made && key !== "list") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** The value at a place of the slider, in three digits where that is fine enough. */
function valueAt({ slider, whole }, place) {
  const { low, high, zero, steps } = slider;
  if (whole) return low + place;
  if (zero === null) return Number((low + ((high - low) * place) / steps).toPrecision(6));
  const distance = Number(((low - zero) * ((high - zero) / (low - zero)) ** (place / steps)).toPrecision(3));
  return Number((zero + distance).toPrecision(12));
}

/** The place of the slider that is nearest to a value. */
function placeOf({ slider }, value) {
  const { low, high, zero, steps } = slider;
  const inside = Math.max(low, Math.min(high, value));
  const share = zero === null ? (inside - low) / (high - low) : Math.log((inside - zero) / (low - zero)) / Math.log((high - zero) / (low - zero));
  return Math.round(share * steps);
}

function isWithin({ gt = -Infinity, ge = -Infinity, lt = Infinity, le = Infinity }, value) {
  return value > gt && value >= ge && value < lt && value <= le;
}

/** Why a value is not allowed, or nothing. */
function refused({ name, whole, bounds, told, range = {}, range_told = "" }, value) {
  if (!Number.isFinite(value)) return `${name} takes a number.`;
  if (whole && !Number.isInteger(value)) return `${name} takes a whole number.`;
  if (!isWithin(bounds, value)) return `${name} must be ${told}.`;
  return isWithin(range, value) ? "" : `${name} must be ${range_told}.`;
}

/** A number as Python reads and writes it: a float has a point or an exponent. */
function python({ whole }, value) {
  const text = String(Object.is(value, -0) ? 0 : value);
  return whole || /[.e]/.test(text) ? text : `${text}.0`;
}

/** The line of Python that loads what is shown. */
function loadLine({ name, parameters }, values) {
  const given = parameters.flatMap((parameter, place) =>
    parameter.always || values[place] !== parameter.value ? [`, ${parameter.name}=${python(parameter, values[place])}`] : [],
  );
  return `surroreg.load('${name}'${given.join("")})`;
}

let cards = 0;

/** A card. `changed` is called with the name of the control that was moved, `removed` when the card is to go. */
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

  /** Compute and tell anew; the sliders follow the values. */
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
    // What was refused is taken back when the field is left.
    number.addEventListener("blur", () => this.update());
    const show = () => {
      const value = this.values[index];
      range.value = placeOf(parameter, value);
      range.setAttribute("aria-valuetext", told(value));
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
      make("dl", {}, ...parameters.flatMap(({ name, told, doc }) => [
        make("dt", { textContent: told ? `${name} ${told}` : name }),
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
  return make("output", { className, textContent: told(value) });
}

/** A short piece of a line, to tell the curves apart by. */
function sample(slot) {
  const line = element("line", { x1: 1, x2: 39, y1: 6, y2: 6, class: `line slot${slot}` });
  return element("svg", { viewBox: "0 0 40 12", width: 40, height: 12, "aria-hidden": "true" }, line);
}
