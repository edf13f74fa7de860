(() => {
  "use strict";
  const store = JSON.parse(document.getElementById("data-json").textContent);
  const { ui, charts, fields, rows, facets, issues, labels, flags, statuses, units } = store;
  const at = Object.fromEntries(fields.map((name, k) => [name, k]));
  const $ = (selector) => document.querySelector(selector);
  const say = (key, values = {}) => ui[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const count = (number) => number.toLocaleString("en-US");

  /* ---- charts ---- */
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const colours = (printing) => {
    const night = dark.matches && !printing;
    return night
      ? { ink: "#e5eaf0", grid: "#323d49", card: "#1a212a" }
      : { ink: "#1c2733", grid: "#dde3e9", card: "#ffffff" };
  };
  const family = getComputedStyle(document.documentElement).getPropertyValue("--font").trim();
  const painted = (layout, printing) => {
    const { ink, grid, card } = colours(printing);
    const copy = structuredClone(layout);
    copy.font = { family, size: 13, color: ink };
    copy.hoverlabel = { ...copy.hoverlabel, bgcolor: card, bordercolor: grid, font: { family, color: ink, size: 13 } };
    for (const name of Object.keys(copy).filter((key) => /^[xy]axis/.test(key))) {
      copy[name].gridcolor = grid;
      copy[name].linecolor = grid;
    }
    return copy;
  };
  const drawn = () => [...document.querySelectorAll("[data-chart]")];
  const draw = (box, printing = false) => {
    const { data, layout } = charts[box.dataset.chart];
    const shown = painted(layout, printing);
    if (printing) {
      Object.assign(shown, { width: 680, height: Math.min(layout.height, 340) });
      shown.xaxis.tickfont = { size: 9.5 };
    }
    return Plotly.react(box, data, shown, {
      displaylogo: false, responsive: !printing, locale: ui.locale, doubleClick: false, scrollZoom: false,
      modeBarButtons: [["toImage"]], toImageButtonOptions: { scale: 2, filename: box.dataset.chart },
    });
  };
  Plotly.register({
    moduleType: "locale", name: ui.locale, format: {},
    dictionary: { "Download plot as a PNG": ui.save_image, "Download plot as a png": ui.save_image },
  });
  const drawAll = (printing) => drawn().forEach((box) => draw(box, printing));
  drawAll(false);
  drawn().forEach((box) => box.on("plotly_click", (event) => {
    const wanted = event.points.map((point) => point.customdata).find((value) => value && typeof value === "object");
    if (wanted) drill(wanted);
  }));
  dark.addEventListener("change", () => drawAll(false));

  /* ---- the reviews table ---- */
  const PAGE = 25;
  const form = $("#filters");
  const body = $("#table tbody");
  const lower = rows.map((row) => `${row[at.id]}\n${row[at.text]}`.toLowerCase());
  const state = { page: 0, sort: "row", down: false, found: [] };
  const control = (name) => form.elements.namedItem(name);
  const value = (name) => control(name)?.value ?? "";

  const counted = (row) => row[at.counted] === 1;
  const shows = {
    all: () => true,
    counted,
    left_out: (row) => !counted(row),
    needs_review: (row) => counted(row) && row[at.needs_review] === 1,
    flagged: (row) => counted(row) && row[at.flags].length > 0,
  };
  const about = (code) => {
    const wanted = new Set(facets.flatMap(({ code: facet, element }, k) => (facet === code || element === code ? [k] : [])));
    return (mark) => wanted.has(mark[2]);
  };
  /* Which clauses of a review the filters are about; null when they ask for none in particular. */
  const picker = () => {
    const issue = value("issue"), element = value("element"), label = value("label");
    if (!issue && !element) return null;
    const tests = [];
    if (issue) { const k = issues.findIndex(({ id }) => id === issue); tests.push((mark) => mark[4] === k); }
    if (element) { tests.push(about(element)); if (label) { const k = labels.indexOf(label); tests.push((mark) => mark[3] === k); } }
    return (mark) => tests.every((test) => test(mark));
  };
  const inPeriod = (day, period) => {
    if (!day) return false;
    if (!period.includes("W")) return day.startsWith(period);
    const date = new Date(`${day}T00:00:00Z`);
    date.setUTCDate(date.getUTCDate() + 4 - (date.getUTCDay() || 7));
    const week = Math.ceil(((date - Date.UTC(date.getUTCFullYear(), 0, 1)) / 864e5 + 1) / 7);
    return period === `${date.getUTCFullYear()}-W${String(week).padStart(2, "0")}`;
  };
  const search = () => {
    const words = value("q").toLowerCase().split(/\s+/).filter(Boolean);
    const picked = picker(), label = value("label"), period = value("period");
    const labelled = label && !value("element") ? labels.indexOf(label) : -1;
    const places = Object.keys(units).filter((name) => value(name)).map((name) => [at[name], units[name].indexOf(value(name))]);
    const show = shows[value("show")] ?? shows.counted;
    state.found = [];
    rows.forEach((row, k) => {
      if (show(row) && (labelled < 0 || row[at.label] === labelled) && places.every(([place, unit]) => row[place] === unit)
        && (!period || inPeriod(row[at.day], period)) && (!picked || row[at.marks].some(picked))
        && words.every((word) => lower[k].includes(word))) state.found.push(k);
    });
    order();
    state.page = 0;
    render();
  };
  const order = () => {
    if (state.sort === "row") { if (state.down) state.found.reverse(); return; }
    const key = at[state.sort], sign = state.down ? -1 : 1;
    state.found.sort((a, b) => {
      const x = rows[a][key], y = rows[b][key];
      if (x === y) return a - b;
      if (x === null || y === null) return x === null ? 1 : -1;
      return x < y ? -sign : sign;
    });
  };

  const make = (tag, options = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), options);
    node.append(...children);
    return node;
  };
  /* Spans count code points; a string's own index counts UTF-16 units. */
  const marked = (row, picked) => {
    const points = Array.from(row[at.text]);
    const spans = new Map();
    for (const mark of row[at.marks]) {
      const label = labels[mark[3]], hit = picked ? picked(mark) : false;
      const old = spans.get(mark[0]);
      if (!old || (label === "negative" && old.label !== "negative")) spans.set(mark[0], { end: mark[1], label, hit: hit || old?.hit });
      else old.hit ||= hit;
    }
    const parts = [];
    let from = 0;
    for (const [start, { end, label, hit }] of [...spans].sort((a, b) => a[0] - b[0])) {
      if (start < from) continue;
      parts.push(points.slice(from, start).join(""), make("mark", { className: `${label}${hit ? " hit" : ""}` }, points.slice(start, end).join("")));
      from = end;
    }
    return [...parts, points.slice(from).join("")];
  };
  const tags = (row) => {
    const seen = new Set();
    const made = [];
    for (const [, , facet, label, issue] of row[at.marks]) {
      const text = issue >= 0 ? issues[issue].name : `${facets[facet].name} ${ui[`sign_${labels[label]}`]}`;
      if (seen.has(text)) continue;
      seen.add(text);
      made.push(issue >= 0
        ? make("a", { className: "tag", href: `#issue-${encodeURIComponent(issues[issue].id)}` }, text)
        : make("span", { className: "tag" }, text));
    }
    for (const flag of row[at.flags]) made.push(make("span", { className: "tag tag-safety" }, flags[flag]));
    return made;
  };
  const because = (row) => {
    if (statuses[row[at.status]] !== "ok") return ui[`status_${statuses[row[at.status]]}`];
    if (row[at.duplicate] !== null) return say("duplicate_of", { id: row[at.duplicate] });
    return counted(row) ? "" : ui.same_id;
  };
  const line = (row, picked) => {
    const text = make("td", { className: "text" }, ...marked(row, picked));
    const left = because(row);
    const extra = left ? [make("span", { className: "tag" }, left)] : tags(row);
    if (extra.length) text.append(make("div", { className: "tags" }, ...extra));
    const label = labels[row[at.label]];
    const cells = [make("td", { className: "id" }, row[at.id]), text,
      make("td", { className: `nowrap label-${label}` }, left || !label ? "–" : ui[`label_${label}`])];
    if (store.has_rating) cells.push(make("td", { className: "num" }, row[at.rating] === null ? "–" : String(row[at.rating])));
    if (store.has_day) cells.push(make("td", { className: "nowrap" }, row[at.day] ?? "–"));
    const names = Object.keys(units);
    if (names.length) cells.push(make("td", {}, names.map((name) => units[name][row[at[name]]]).filter(Boolean).join(" · ") || "–"));
    return make("tr", {}, ...cells);
  };
  const render = () => {
    const pages = Math.max(1, Math.ceil(state.found.length / PAGE));
    const picked = picker();
    body.replaceChildren(...state.found.slice(state.page * PAGE, (state.page + 1) * PAGE).map((k) => line(rows[k], picked)));
    $("#found").textContent = state.found.length ? say("found", { n: count(state.found.length) }) : ui.found_none;
    $("#page").textContent = say("page", { page: count(state.page + 1), pages: count(pages) });
    $("#previous").disabled = state.page === 0;
    $("#next").disabled = state.page >= pages - 1;
  };

  /* Any number leads to its reviews: filters are cleared, then set to what was clicked. */
  const drill = (wanted) => {
    form.reset();
    for (const [name, choice] of Object.entries(wanted)) if (control(name)) control(name).value = choice;
    search();
    $("#reviews").scrollIntoView();
    $("#found").setAttribute("tabindex", "-1");
    $("#found").focus({ preventScroll: true });
  };
  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 120); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(search));
  $("#previous").addEventListener("click", () => { state.page -= 1; render(); });
  $("#next").addEventListener("click", () => { state.page += 1; render(); });
  document.querySelectorAll(".sort").forEach((button) => button.addEventListener("click", () => {
    const same = state.sort === button.dataset.sort;
    state.down = same ? !state.down : button.dataset.sort !== "row";
    state.sort = button.dataset.sort;
    document.querySelectorAll("#table th").forEach((head) => head.removeAttribute("aria-sort"));
    button.closest("th").setAttribute("aria-sort", state.down ? "descending" : "ascending");
    search();
  }));
  const NAMES = ["issue", "element", "label", "period", ...Object.keys(units)];
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || button.type === "reset") return;
    if (button.dataset.more) {
      document.querySelectorAll(button.dataset.more).forEach((row) => { row.hidden = false; });
      button.hidden = true;
      return;
    }
    const wanted = Object.fromEntries(NAMES.filter((name) => name in button.dataset).map((name) => [name, button.dataset[name]]));
    if (Object.keys(wanted).length) drill(wanted);
  });

  /* ---- permalinks, contents, print ---- */
  const openTarget = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = target?.closest("details");
    if (fold) { fold.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", openTarget);
  const links = new Map([...document.querySelectorAll(".toc a")].map((link) => [link.hash.slice(1), link]));
  const watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) links.forEach((link, id) => (id === target.id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  document.querySelectorAll("section").forEach((section) => watch.observe(section));
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((details) => { details.open = true; });
    drawAll(true);
  });
  addEventListener("afterprint", () => {
    closed.forEach((details) => { details.open = false; });
    drawAll(false);
  });
  search();
  openTarget();
})();
