// Numbers: the derivative of a surrogate at given parameters, its peak, area and primitive. This file draws nothing.

/** Chebyshev's polynomial of the second kind: a sum of cosines of multiples of an angle. */
function chebyshevu(n, x) {
  const side = x < 0 && n % 2 ? -1 : 1;
  const size = Math.abs(x);
  if (size === 1) return side * (n + 1);
  const angle = size < 1 ? Math.acos(size) : Math.acosh(size);
  return side * (size < 1 ? Math.sin((n + 1) * angle) / Math.sin(angle) : Math.sinh((n + 1) * angle) / Math.sinh(angle));
}

/** Nodes and weights of Gauss and Legendre on [-1, 1], by Newton's method. */
function gauss(order) {
  return Array.from({ length: order }, (_, place) => {
    let node = Math.cos((Math.PI * (place + 0.75)) / (order + 0.5));
    let slope = 1;
    for (let round = 0; round < 20; round++) {
      let [last, value] = [1, node];
      for (let n = 2; n <= order; n++) [last, value] = [value, ((2 * n - 1) * node * value - (n - 1) * last) / n];
      slope = (order * (node * value - last)) / (node * node - 1);
      node -= value / slope;
    }
    return [node, 2 / ((1 - node * node) * slope * slope)];
  });
}

const RULE = gauss(20);
const SHORT_RULE = gauss(5);
// Octaves on both sides of zero, over the range of the numbers.
const OCTAVES = Array.from({ length: 564 }, (_, place) => 2 ** (place - 64));

const increasing = (a, b) => a - b;
const unique = (numbers) => [...new Set(numbers)].sort(increasing);
/** Thirteen digits: 6.25, not 6.250000000000002. The neighbours of zero become zero. */
const rounded = (value) => (Math.abs(value) > 1e-300 ? Number(value.toPrecision(13)) : 0);
const beside = (x) => {
  const step = Math.abs(x) * 2 ** -52 || 5e-324;
  return [x - step, x, x + step];
};

/** A surrogate, by its index in the data, with a value for each of its parameters. */
class Curve {
  #bare; // the derivative without the shift
  #corners; // its kinks
  #nodes; // the nodes of the quadrature, and the weights

  constructor(place, values) {
    const surrogate = DATA.surrogates[place];
    const [derivative, kinks] = FUNCTIONS[place];
    const [scale, shift] = surrogate.adjustable ? values.slice(-2) : [1, 0];
    const own = surrogate.adjustable ? values.slice(0, -2) : values;
    this.shift = shift;
    this.#bare = (x) => scale * derivative(x, ...own);
    this.#corners = kinks(...own).filter(Number.isFinite);
    this.kinks = this.#corners.map((kink) => kink + shift);
    // Octaves around zero, and near each kink.
    const around = (centre, octaves) => octaves.flatMap((octave) => [centre - octave, centre + octave]);
    const near = this.#corners.flatMap((kink) => [kink, ...around(kink, OCTAVES.slice(0, 70))]);
    this.edges = unique([0, ...around(0, OCTAVES), ...near]);
    this.#nodes = this.edges.slice(1).map((edge, place) => {
      const [middle, half] = [(edge + this.edges[place]) / 2, (edge - this.edges[place]) / 2];
      return RULE.map(([node, weight]) => [middle + half * node, half * weight]);
    });
  }

  at(x) {
    return this.#bare(x - this.shift);
  }

  /** The largest absolute value of the derivative, and its input: the input nearest to zero, if there are several. */
  get peak() {
    const height = (x) => Math.abs(this.#bare(x)) || 0;
    const marks = [0, ...this.#corners].flatMap(beside);
    const places = unique([...marks, ...this.#nodes.flat().map(([node]) => node)]);
    const heights = places.map(height);
    const top = heights.reduce((best, value) => Math.max(best, value), 0);
    // Rounded values beside the peak may equal it, so zero and the kinks take precedence.
    const level = (x) => height(x) >= top * (1 - 1e-12);
    const nearest = (inputs) => inputs.reduce((near, x) => (Math.abs(x) < Math.abs(near) ? x : near), Infinity);
    const marked = marks.filter(level);
    const summit = nearest(marked.length ? marked : places.filter((_, place) => heights[place] >= top * (1 - 1e-12)));
    const near = places.indexOf(summit);
    // The peak may lie between two places: narrow the interval around the highest value, several times.
    let [low, high] = [places[Math.max(near - 1, 0)], places[Math.min(near + 1, places.length - 1)]];
    let [best, at] = [top, summit];
    for (let round = 0; round < 8; round++) {
      const step = (high - low) / 32;
      for (let place = 0; place <= 32; place++) {
        const x = low + step * place;
        if (height(x) > best * (1 + 1e-12)) [best, at] = [height(x), x];
      }
      [low, high] = [Math.max(low, at - step), Math.min(high, at + step)];
    }
    return { height: rounded(best), at: rounded(at + this.shift) };
  }

  /** The integral over all inputs; infinite if the outermost octaves contribute. */
  get area() {
    const parts = this.#nodes.map((row) => row.reduce((sum, [x, weight]) => sum + (this.#bare(x) || 0) * weight, 0));
    const sum = parts.reduce((total, part) => total + part, 0);
    const size = parts.reduce((total, part) => total + Math.abs(part), 0);
    const tails = Math.max(Math.abs(parts[0]), Math.abs(parts.at(-1)));
    return Number.isFinite(sum) && tails <= 1e-12 * size ? rounded(sum) : Infinity;
  }

  /** The inputs to draw from low to high: evenly spaced, dense near the threshold and the kinks, and beside kinks. */
  places(low, high) {
    const even = Array.from({ length: 401 }, (_, place) => low + ((high - low) * place) / 400);
    const dense = [this.shift, ...this.kinks].flatMap((centre) =>
      Array.from({ length: 120 }, (_, place) => (high - low) * 2 ** (-place / 3)).flatMap((step) => [centre - step, centre + step]),
    );
    const inside = [...dense, ...this.kinks.flatMap(beside), this.shift].filter((x) => x > low && x < high);
    return unique([...even, ...inside]);
  }

  /** The integral from zero to each of the inputs, plus 1/2. The inputs must increase, and include zero. */
  integral(places) {
    const sums = [0];
    for (let place = 1; place < places.length; place++) {
      const [middle, half] = [(places[place] + places[place - 1]) / 2, (places[place] - places[place - 1]) / 2];
      const part = SHORT_RULE.reduce((sum, [node, weight]) => sum + weight * this.at(middle + half * node), 0);
      sums.push(sums.at(-1) + half * part);
    }
    const origin = sums[places.indexOf(0)];
    return sums.map((sum) => sum - origin + 0.5);
  }
}
