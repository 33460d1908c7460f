"use strict";
(() => {
  const table = document.getElementById("runs");
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];

  // numbers by their value, the rest by its text; what is not there is last either way
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value === undefined ? cell.textContent : cell.dataset.value === "" ? null : Number(cell.dataset.value);
  };
  const compare = (a, b) => (typeof a === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
  const sort = (column, descending) => {
    const rows = [...body.rows].map((row) => [valueOf(row, column), row]);
    rows.sort(([a], [b]) => (a === null) - (b === null) || (a === null ? 0 : (descending ? -1 : 1) * compare(a, b)));
    body.append(...rows.map(([, row]) => row));
    headings.forEach((heading) => heading.removeAttribute("aria-sort"));
    headings[column].setAttribute("aria-sort", descending ? "descending" : "ascending");
  };
  headings.slice(0, -1).forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => {
      const numbers = body.rows[0]?.cells[column].dataset.value !== undefined;
      const sorted = heading.getAttribute("aria-sort");
      sort(column, sorted === null ? numbers : sorted === "ascending");
    });
    heading.replaceChildren(button);
  });

  const chosen = (name) => document.getElementById(`filter-${name}`).value;
  const filter = () => {
    const [task, model, text] = [chosen("task"), chosen("model"), chosen("text").toLowerCase()];
    for (const row of body.rows) {
      row.hidden = (task && row.dataset.task !== task) || (model && row.dataset.model !== model)
        || !row.textContent.toLowerCase().includes(text);
    }
    document.getElementById("shown").value = `${body.querySelectorAll("tr:not([hidden])").length} runs`;
    hint();
  };
  const hint = () => {
    for (const wide of document.querySelectorAll(".wide")) wide.classList.toggle("more", wide.scrollWidth > wide.clientWidth + 8);
  };
  const filters = document.getElementById("filters");
  filters.addEventListener("input", filter);
  filters.addEventListener("change", filter);
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.reset();
  filters.hidden = false;
  addEventListener("resize", hint);
  filter();
})();
