"use strict";
(() => {
  const { cells, prompts } = JSON.parse(document.getElementById("notes").textContent);
  const note = document.getElementById("note");
  const narrow = matchMedia("(max-width: 40rem)");
  let shown = null;
  let closing = 0;

  // Prompts and predictions are a stranger's text: they become text nodes and nothing else.
  const make = (name, text = "", className = "") => {
    const element = document.createElement(name);
    element.textContent = text;
    element.className = className;
    return element;
  };

  const promptOf = ({ pieces, note: why }) => {
    if (why !== null) return make("p", why, "missing");
    const quote = make("div", "", "prompt");
    for (const [text, needle] of pieces) quote.append(needle ? make("mark", `⟦${text}⟧`) : text);
    return quote;
  };

  const place = (cell) => {
    note.style.left = note.style.top = "";
    if (narrow.matches) return;
    const box = cell.getBoundingClientRect();
    const left = Math.min(box.left, document.documentElement.clientWidth - note.offsetWidth - 8);
    const below = box.bottom + 8 + note.offsetHeight <= innerHeight || box.top < note.offsetHeight + 8;
    note.style.left = `${Math.max(8, left) + scrollX}px`;
    note.style.top = `${(below ? box.bottom + 6 : box.top - note.offsetHeight - 6) + scrollY}px`;
  };

  const hide = () => {
    clearTimeout(closing);
    shown?.removeAttribute("aria-describedby");
    shown = null;
    note.hidden = true;
  };

  const show = (cell) => {
    clearTimeout(closing);
    if (shown === cell) return;
    hide();
    const about = cells[cell.dataset.cell];
    note.replaceChildren(make("strong", about.title), ...about.lines.map((line) => make("p", line)));
    if (about.prompt !== undefined) {
      const said = about.error === null ? `said “${about.prediction}”, right is “${about.answer}”` : about.error;
      note.append(make("p", `trial ${about.trial}: ${said}`), promptOf(prompts[about.prompt]));
    }
    shown = cell;
    note.hidden = false;
    cell.setAttribute("aria-describedby", "note");
    note.scrollTop = 0;
    place(cell);
  };

  // the pointer may go from the cell into its note
  const hideSoon = () => {
    clearTimeout(closing);
    closing = setTimeout(() => document.activeElement !== shown && hide(), 250);
  };

  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const visible = (element) => element.getClientRects().length > 0;

  for (const table of document.querySelectorAll(".heatmap")) {
    const rows = [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll("button")]);
    // one stop of the Tab key a table; the arrow keys move within
    rows.flat().forEach((cell, number) => { cell.tabIndex = number ? -1 : 0; });
    table.addEventListener("keydown", (event) => {
      const by = step[event.key];
      if (!by || !event.target.matches("button")) return;
      event.preventDefault();
      let row = rows.findIndex((cellsOfRow) => cellsOfRow.includes(event.target));
      let column = rows[row].indexOf(event.target);
      do {
        row += by[0];
        column += by[1];
      } while (rows[row]?.[column] && !visible(rows[row][column]));
      rows[row]?.[column]?.focus();
    });
    table.addEventListener("focusin", ({ target }) => {
      if (!target.matches("button")) return;
      for (const cell of rows.flat()) cell.tabIndex = cell === target ? 0 : -1;
      show(target);
    });
    table.addEventListener("focusout", hideSoon);
    table.addEventListener("mouseover", ({ target }) => target.matches("button") && show(target));
    table.addEventListener("mouseout", hideSoon);
    table.addEventListener("click", ({ target }) => target.matches("button") && show(target));
  }
  note.addEventListener("mouseenter", () => clearTimeout(closing));
  note.addEventListener("mouseleave", hideSoon);
  document.addEventListener("keydown", ({ key }) => key === "Escape" && hide());
  document.addEventListener("pointerdown", ({ target }) => !note.contains(target) && !target.closest(".heatmap") && hide());

  const chosen = (name) => document.getElementById(`filter-${name}`);
  const filter = () => {
    hide();
    const [task, setting, length] = ["task", "setting", "length"].map((name) => chosen(name).value);
    const failing = chosen("failing").checked;
    for (const element of document.querySelectorAll("[data-task]")) {
      const { task: ofTask, setting: ofSetting, failing: count } = element.dataset;
      element.hidden = (task && ofTask !== task) || (setting && ofSetting !== setting) || (failing && count === "0");
    }
    for (const element of document.querySelectorAll("[data-length]")) {
      element.hidden = Boolean(length) && element.dataset.length !== length;
    }
    // a column keeps its place: of a cell without failures only the button goes
    for (const cell of document.querySelectorAll(".heatmap td")) {
      cell.firstElementChild.hidden = failing && cell.dataset.failing === "0";
    }
    for (const table of document.querySelectorAll(".heatmap")) {
      const open = [...table.querySelectorAll("td:not([hidden]) button:not([hidden])")];
      if (open.length && !open.some((cell) => cell.tabIndex === 0)) open[0].tabIndex = 0;
    }
    const settings = document.querySelectorAll("#heatmaps article:not([hidden])").length;
    const samples = document.querySelectorAll("#failing article:not([hidden]) .sample:not([hidden])").length;
    document.getElementById("shown").value = `${settings} settings, ${samples} failing samples listed`;
  };
  const filters = document.getElementById("filters");
  filters.addEventListener("change", filter);
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.reset();
  filters.hidden = false;
  filter();
  // says of a table that it has columns beyond the screen's edge
  const hint = () => {
    for (const wide of document.querySelectorAll(".wide")) {
      wide.classList.toggle("more", wide.scrollWidth > wide.clientWidth + 8);
    }
  };
  filters.addEventListener("change", hint);
  addEventListener("resize", hint);
  hint();
  addEventListener("resize", hide);
  addEventListener("beforeprint", hide);
})();
