// Sorting and filtering of the catalogue's table. Without this the table is a table.
"use strict";

for (const table of document.querySelectorAll("table.catalogue-table")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];

  // Numbers by size, words by the alphabet; a dash, which is no value, after both.
  const value = (row, column) => {
    const text = row.cells[column].textContent.trim();
    const number = Number(text.replace("−", "-").replace("∞", "Infinity"));
    return text === "–" || text === "" ? null : Number.isNaN(number) ? text.toLowerCase() : number;
  };

  const compare = (a, b) => {
    if (a === null || b === null) return 0;
    if (typeof a === "number" && typeof b === "number") return a === b ? 0 : a - b;
    return String(a).localeCompare(String(b));
  };

  const sort = (column) => {
    const up = heads[column].getAttribute("aria-sort") !== "ascending";
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[column].setAttribute("aria-sort", up ? "ascending" : "descending");
    const sorted = rows
      .map((row) => [value(row, column), row])
      .sort(([a], [b]) => (a === null) - (b === null) || (up ? compare(a, b) : compare(b, a)));
    body.append(...sorted.map(([, row]) => row));
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(column));
    head.append(button);
  });

  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const namespaces = [...new Set(rows.map((row) => row.cells[1].textContent.trim()))].sort();
  const words = element("input", { type: "search", autocomplete: "off" });
  const space = element("select", {}, new Option("all", ""), ...namespaces.map((name) => new Option(name, name)));
  const shown = element("output", {});
  const form = element(
    "form",
    { className: "catalogue-filter" },
    element("label", {}, "Filter", words),
    element("label", {}, "Namespace", space),
    shown,
  );

  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const here = space.value === "" || row.cells[1].textContent.trim() === space.value;
      row.hidden = !(here && wanted.every((word) => text.includes(word)));
    }
    shown.value = `${rows.filter((row) => !row.hidden).length} of ${rows.length} surrogates`;
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  (table.closest(".pst-scrollable-table-container") ?? table).before(form);
  filter();
}
