// The page: its surrogates, and the address that restores exactly this view.

const VIEW = { reach: 2, integral: false, logarithmic: false };
const REACH = { name: "range", slider: { low: 0.02, high: 200, zero: 0, steps: 200 }, bounds: { gt: 0 }, bounds_text: "> 0" };
const controls = Object.fromEntries(["reach", "integral", "logarithmic", "add", "pick"].map((id) => [id, document.getElementById(id)]));

let view = { ...VIEW };
let shown = [];
let written = null; // the address that this page has written last
let moved = null; // the last control that moved: moving it again makes no new entry in the browser's history
let waiting = null;

const defaults = (place) => DATA.surrogates[place].parameters.map(({ value }) => value);

/** Add a surrogate in the first free colour. */
function add(place, values) {
  const slot = Array.from({ length: DATA.most }, (_, slot) => slot).find((slot) => shown.every((card) => card.slot !== slot));
  const card = new Card(place, values, slot, {
    changed,
    removed: () => {
      const index = shown.indexOf(card);
      shown.splice(index, 1);
      changed(`${card.id} removed`);
      // The button with the focus no longer exists.
      (shown[Math.min(index, shown.length - 1)]?.node.querySelector("button") ?? controls.pick).focus();
    },
  });
  shown.push(card);
  return card;
}

/** Draw the changes, and soon write them into the address. */
function changed(control) {
  render();
  if (waiting && waiting.control !== control) waiting.write();
  clearTimeout(waiting?.timer);
  const write = () => {
    clearTimeout(waiting?.timer);
    waiting = null;
    const hash = address();
    if (hash === written) return;
    written = hash;
    if (control === moved) location.replace(hash);
    else location.hash = hash;
    moved = control;
  };
  // Browsers refuse an address that changes too often, as it would with every step of a slider.
  waiting = { control, write, timer: setTimeout(write, 150) };
}

function render() {
  const curves = shown.map(({ curve, slot, surrogate: { name, fires_at_zero: firesAtZero } }) => {
    return { curve, className: `slot${slot}`, name, firesAtZero };
  });
  draw(curves, view);
  const list = document.getElementById("cards");
  const nodes = shown.map(({ node }) => node);
  if (nodes.length !== list.children.length || nodes.some((node, place) => node !== list.children[place])) list.replaceChildren(...nodes);
  document.getElementById("legend").replaceChildren(
    ...shown.map(({ slot, surrogate }) => make("li", { className: `slot${slot}` }, sample(slot), surrogate.name)),
  );
  document.getElementById("empty").hidden = shown.length > 0;
  const full = shown.length >= DATA.most;
  controls.add.disabled = full;
  document.getElementById("full").hidden = !full;
  controls.reach.value = placeOf(REACH, view.reach);
  controls.reach.setAttribute("aria-valuetext", `from ${brief(-view.reach)} to ${brief(view.reach)}`);
  document.getElementById("reach-text").textContent = `−${brief(view.reach)} … ${brief(view.reach)}`;
  controls.integral.checked = view.integral;
  controls.logarithmic.checked = view.logarithmic;
}

/** This view as a fragment: #show=atan,alpha=3.0;zoo/box,width=1.0&x=2&integral */
function address() {
  const parts = shown.map(({ surrogate, values }) =>
    [surrogate.name, ...surrogate.parameters.flatMap(({ name, value }, place) => (values[place] === value ? [] : [`${name}=${values[place]}`]))].join(","),
  );
  const flags = ["integral", "logarithmic"].filter((key) => view[key]);
  return `#${[`show=${parts.join(";")}`, `x=${view.reach}`, ...flags].join("&")}`;
}

/** Show the view of a fragment. A part that is missing or wrong has its first value. */
function restore(hash) {
  let text = hash.slice(1);
  try {
    text = decodeURIComponent(text); // some programs encode the addresses that they pass on
  } catch {
    // a text that is not encoded stays as it is
  }
  const parts = new Map(text.split("&").map((part) => [part.split("=")[0], part.slice(part.indexOf("=") + 1)]));
  const strange = [];
  clearTimeout(waiting?.timer);
  waiting = null;
  const reach = Number(parts.get("x"));
  view = { reach: reach > 0 && Number.isFinite(reach) ? reach : VIEW.reach, integral: parts.has("integral"), logarithmic: parts.has("logarithmic") };
  shown = [];
  const asked = parts.has("show") ? parts.get("show").split(";").filter(Boolean) : DATA.shown;
  for (const [name, ...settings] of asked.map((part) => part.split(","))) {
    const place = DATA.surrogates.findIndex((surrogate) => surrogate.name === name);
    if (place < 0 || shown.length >= DATA.most) {
      strange.push(place < 0 ? `there is no ${name} here` : `${name} is one too many`);
      continue;
    }
    const values = defaults(place);
    for (const [key, value] of settings.map((setting) => setting.split("="))) {
      const { parameters } = DATA.surrogates[place];
      const index = parameters.findIndex((parameter) => parameter.name === key);
      const problem = index < 0 ? `${name} has no ${key}` : value ? refused(parameters[index], Number(value)) : `${key} has no value`;
      if (problem) strange.push(problem.replace(/\.$/, ""));
      else values[index] = Number(value);
    }
    add(place, values);
  }
  const note = document.getElementById("strange");
  note.hidden = strange.length === 0;
  note.textContent = `Left out of this link: ${strange.join("; ")}.`;
  [written, moved] = [hash, null];
  render();
}

function start() {
  const groups = new Map();
  DATA.surrogates.forEach(({ name }, place) => {
    const group = name.match(/^(.*)[/:]/)?.[1] ?? "built in";
    groups.set(group, [...(groups.get(group) ?? []), make("option", { value: place, textContent: name })]);
  });
  for (const [label, options] of groups) controls.pick.append(make("optgroup", { label }, ...options));
  document.getElementById("omitted").hidden = DATA.omitted.length === 0;
  document.getElementById("omitted-count").textContent = `Left out, as there is nothing to draw them from: ${DATA.omitted.length}`;
  document.getElementById("omitted-list").append(
    ...DATA.omitted.map(({ name, reason }) => make("li", {}, make("code", { textContent: name }), `: ${reason}`)),
  );
  document.getElementById("version").textContent = `surroreg ${DATA.version}`;

  document.getElementById("picker").addEventListener("submit", (event) => {
    event.preventDefault();
    if (shown.length >= DATA.most) return;
    const place = Number(controls.pick.value);
    const card = add(place, defaults(place));
    changed(`${card.id} added`);
    card.node.scrollIntoView({ block: "nearest" });
  });
  controls.reach.addEventListener("input", () => {
    view.reach = valueAt(REACH, Number(controls.reach.value));
    changed("reach");
  });
  for (const key of ["integral", "logarithmic"]) {
    controls[key].addEventListener("change", () => {
      view[key] = controls[key].checked;
      changed(key);
    });
  }
  addEventListener("hashchange", () => {
    if (location.hash !== written) restore(location.hash);
  });
  addEventListener("pagehide", () => waiting?.write());
  addEventListener("resize", render);
  new ResizeObserver(render).observe(document.getElementById("panels"));
  restore(location.hash);
}

start();
