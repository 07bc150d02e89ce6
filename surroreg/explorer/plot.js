// Pictures: two panels over the same inputs, the step of the forward pass and the derivatives of the backward pass.

const MARGIN = { left: 52, right: 12, top: 10, bottom: 28 };
// The upper panel shares the axis of the lower one.
const SHARED = 8;
// Larger numbers are left out, like infinite numbers: the axis would overflow.
const LARGEST = 1e300;

/** A number for a reader, in few digits. */
function brief(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const text = Math.abs(value) >= 1e5 || (value && Math.abs(value) < 1e-4) ? value.toExponential(3) : value.toPrecision(4);
  return String(text.includes("e") ? text.replace(/\.?0+e/, "e").replace("e+", "e") : Number(text)).replace(/-/g, "−");
}

/** A few round numbers, evenly spaced, between low and high. */
function ticks(low, high, most) {
  const least = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= least * (1 - 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}

function element(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** A panel: a box, its axes, and lines in it. */
class Panel {
  constructor(svg, { width, height, x, y, logarithmic = false, shared = false, title }) {
    Object.assign(this, { svg, x, y, logarithmic });
    this.box = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - (shared ? SHARED : MARGIN.bottom) };
    const { left, right, top, bottom } = this.box;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    const clip = `${svg.id}-clip`;
    const frame = { x: left, y: top, width: right - left, height: bottom - top };
    svg.replaceChildren(
      element("title", {}, title),
      element("clipPath", { id: clip }, element("rect", frame)),
      ...this.#xTicks(Math.max(4, Math.min(10, (right - left) / 70)), shared),
      ...(logarithmic ? this.#decades() : this.#yTicks(Math.max(3, (bottom - top) / 45))),
    );
    this.lines = element("g", { "clip-path": `url(#${clip})` });
    svg.append(this.lines);
  }

  across(x) {
    return this.box.left + ((x - this.x[0]) / (this.x[1] - this.x[0])) * (this.box.right - this.box.left);
  }

  up(y) {
    const [low, high, value] = this.logarithmic ? [...this.y, y].map(Math.log10) : [...this.y, y];
    return this.box.bottom - ((value - low) / (high - low)) * (this.box.bottom - this.box.top);
  }

  /** Draw a line. A value that is not finite, or has no logarithm, leaves a gap. */
  line(xs, ys, className) {
    let drawing = false;
    const steps = xs.flatMap((x, place) => {
      const y = ys[place];
      const seen = Math.abs(y) < LARGEST && (y > 0 || !this.logarithmic);
      const step = seen ? [`${drawing ? "L" : "M"}${this.across(x).toFixed(2)} ${this.#near(this.up(y)).toFixed(2)}`] : [];
      drawing = seen;
      return step;
    });
    this.lines.append(element("path", { d: steps.join(""), class: `line ${className}` }));
  }

  dot(x, y, className) {
    this.lines.append(element("circle", { cx: this.across(x), cy: this.up(y), r: 4, class: className }));
  }

  // Renderers fail at huge coordinates, so a point far outside the box is moved closer.
  #near(y) {
    return Math.max(-1e4, Math.min(1e4, y));
  }

  #xTicks(most, bare) {
    return ticks(...this.x, most).flatMap((x) => [
      element("line", { x1: this.across(x), x2: this.across(x), y1: this.box.top, y2: this.box.bottom, class: x ? "grid" : "zero" }),
      ...(bare ? [] : [element("text", { x: this.across(x), y: this.box.bottom + 19, class: "x" }, brief(x))]),
    ]);
  }

  #yTicks(most) {
    return ticks(...this.y, most).flatMap((y) => this.#yTick(y, brief(y)));
  }

  #decades() {
    const [low, high] = this.y.map((y) => Math.round(Math.log10(y)));
    const step = Math.ceil((high - low) / 8);
    const powers = Array.from({ length: high - low + 1 }, (_, place) => low + place).filter((power) => power % step === 0);
    return powers.flatMap((power) => this.#yTick(10 ** power, brief(10 ** power)));
  }

  #yTick(y, text) {
    return [
      element("line", { x1: this.box.left, x2: this.box.right, y1: this.up(y), y2: this.up(y), class: y ? "grid" : "zero" }),
      element("text", { x: this.box.left - 8, y: this.up(y) + 4, class: "y" }, text),
    ];
  }
}

/** The ends of an axis that includes all values, and zero if it is linear. */
function extent(curves, logarithmic) {
  const finite = curves.flat().filter((y) => Math.abs(y) < LARGEST);
  if (logarithmic) {
    const tops = curves.map((ys) => ys.reduce((top, y) => (y < LARGEST && y > top ? y : top), 0)).filter((top) => top > 0);
    const powers = (tops.length ? tops : [1]).map(Math.log10);
    const high = Math.ceil(Math.max(...powers) + 0.02);
    return [10 ** Math.max(Math.floor(Math.min(...powers)) - 4, high - 30, -300), 10 ** high];
  }
  const [low, high] = finite.reduce(([low, high], y) => [Math.min(low, y), Math.max(high, y)], [0, 0]);
  const room = (high - low) * 0.06 || 1;
  return [low < 0 ? low - room : 0, high > 0 ? high + room : low < 0 ? room : 1];
}

/** Draw everything. The class of a curve gives its line colour and dashes. */
function draw(curves, { reach, integral, logarithmic }) {
  const width = document.getElementById("panels").clientWidth;
  const tall = width > 560;
  const x = [-reach, reach];
  const drawn = curves.map((shown) => {
    const xs = unique([...shown.curve.places(...x), 0]);
    return { ...shown, xs, ys: xs.map((place) => shown.curve.at(place)) };
  });
  const sums = integral ? drawn.map(({ curve, xs }) => curve.integral(xs)) : [];
  const [low, high] = extent([...sums, [0, 1]], false);
  const forward = new Panel(document.getElementById("forward"), {
    ...{ width, height: tall ? 132 : 84, shared: true, x, y: [Math.min(low, -0.1), high * 1.04] },
    title: integral ? "The step of the forward pass, and the integrals of the derivatives" : "The step of the forward pass",
  });
  forward.line([-reach, 0], [0, 0], "step");
  forward.line([0, reach], [1, 1], "step");
  const atZero = new Set(drawn.map(({ firesAtZero }) => Number(firesAtZero)));
  for (const end of [0, 1]) forward.dot(0, end, atZero.has(end) || (end === 0 && !atZero.size) ? "end" : "open");
  sums.forEach((ys, place) => forward.line(drawn[place].xs, ys, drawn[place].className));
  const names = drawn.map(({ name }) => name).join(", ") || "nothing";
  const backward = new Panel(document.getElementById("backward"), {
    ...{ width, height: tall ? Math.max(200, Math.min(380, innerHeight - 360)) : 200, x, y: extent(drawn.map(({ ys }) => ys), logarithmic), logarithmic },
    title: `The derivatives of the backward pass: ${names}`,
  });
  for (const { xs, ys, className } of drawn) backward.line(xs, ys, className);
}
