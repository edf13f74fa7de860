(() => {
  "use strict";
  const store = JSON.parse(document.getElementById("data-json").textContent);
  const { ui, charts, fields, rows, facets, issues, labels, flags, statuses, units } = store;
  const at = Object.fromEntries(fields.map((name, k) => [name, k]));
  const $ = (selector) => document.querySelector(selector);
  const say = (key, values = {}) => ui[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const count = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
  const make = (tag, options = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), options);
    node.append(...children);
    return node;
  };

  /* ---- charts ---- */
  const night = () => document.documentElement.dataset.theme === "dark";
  const colours = (dark) => (dark
    ? { ink: "#e5eaf0", soft: "#a4b0bc", grid: "#323d49", card: "#1a212a" }
    : { ink: "#1c2733", soft: "#55626f", grid: "#dde3e9", card: "#ffffff" });
  /* Lines have other colours on the dark page; store.night has one for each. */
  const turned = (part) => {
    if (typeof part === "string") return store.night[part] ?? part;
    if (Array.isArray(part)) return part.map(turned);
    return part && typeof part === "object" ? Object.fromEntries(Object.entries(part).map(([key, value]) => [key, turned(value)])) : part;
  };
  drawChart.family = getComputedStyle(document.documentElement).getPropertyValue("--font").trim();
  const boxes = [...document.querySelectorAll("[data-chart]")];
  const waiting = new Set(boxes);
  const draw = (box, printing = false) => {
    const figure = charts[box.dataset.chart];
    const dark = night() && !printing;
    const data = dark ? turned(figure.data) : figure.data;
    drawChart(box, { ...figure, data }, colours(dark), { printing, width: printing ? 660 : undefined, onPick: (wanted) => drill(wanted) });
    box.style.minHeight = "";
    waiting.delete(box);
  };
  /* Charts are drawn when they come near the window, the others one by one whenever nothing else is going on. */
  const near = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
    if (!isIntersecting) return;
    near.unobserve(target);
    if (waiting.has(target)) draw(target);
  }), { rootMargin: "400px 0px" });
  boxes.forEach((box) => near.observe(box));
  const soon = globalThis.requestIdleCallback ?? ((work) => setTimeout(work, 50));
  const drawRest = () => {
    const [box] = waiting;
    if (!box) return;
    draw(box);
    soon(drawRest);
  };
  addEventListener("load", () => soon(drawRest));
  const drawAll = (printing) => boxes.forEach((box) => draw(box, printing));
  const redraw = () => boxes.forEach((box) => { if (!waiting.has(box)) draw(box); });
  document.addEventListener("themechange", redraw);
  let wide = innerWidth, settled = 0;
  addEventListener("resize", () => {
    if (innerWidth === wide) return;
    wide = innerWidth;
    clearTimeout(settled);
    settled = setTimeout(redraw, 150);
  });

  /* A mark tells what it stands for when pointed at or focused, and leads to its reviews. */
  const tip = make("div", { className: "tip", hidden: true });
  tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);
  const tell = (mark, x, y) => {
    tip.hidden = !mark?.dataset.tip;
    if (tip.hidden) return;
    tip.textContent = mark.dataset.tip;
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - width - 8))}px`;
    tip.style.top = `${y + 18 + height > innerHeight ? y - height - 10 : y + 18}px`;
  };
  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  for (const box of boxes) {
    box.addEventListener("pointermove", (event) => tell(event.target.closest("[data-tip]"), event.clientX, event.clientY));
    box.addEventListener("pointerleave", () => tell(null));
    box.addEventListener("click", (event) => event.target.closest("[role=button]")?.pick());
    box.addEventListener("focusin", ({ target }) => {
      const place = target.getBoundingClientRect();
      if (target.matches(":focus-visible")) tell(target, place.left, place.bottom - 12);
    });
    box.addEventListener("focusout", () => tell(null));
    box.addEventListener("keydown", (event) => {
      const k = box.marks.indexOf(event.target);
      if (k < 0) return;
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        event.target.pick();
      } else if (event.key in STEPS) {
        event.preventDefault();
        const next = box.marks[(k + STEPS[event.key] + box.marks.length) % box.marks.length];
        event.target.setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
      }
    });
  }
  const savePicture = async (box) => {
    const svg = box.querySelector("svg").cloneNode(true);
    const [width, height] = ["width", "height"].map((name) => Number(svg.getAttribute(name)));
    svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    const image = Object.assign(new Image(), { src: `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(svg))}` });
    await image.decode();
    const canvas = make("canvas", { width: 2 * width, height: 2 * height });
    const brush = canvas.getContext("2d");
    brush.scale(2, 2);
    brush.fillStyle = colours(night()).card;
    brush.fillRect(0, 0, width, height);
    brush.drawImage(image, 0, 0);
    make("a", { href: canvas.toDataURL("image/png"), download: `${box.dataset.chart}.png` }).click();
  };

  /* ---- the reviews table ---- */
  const PAGE = 25;
  const form = $("#filters");
  const body = $("#table tbody");
  /* Made when something is searched for: nobody waits for it at the start. */
  let lower = null;
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
    duplicates: (row) => row[at.duplicate] !== null,
    ...Object.fromEntries(statuses.map((name, k) => [name, (row) => row[at.status] === k])),
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
    if (issue) {
      const wanted = new Set(issues.flatMap(({ id, other }, k) => (id === issue || (issue === store.rest && other) ? [k] : [])));
      tests.push((mark) => wanted.has(mark[4]));
    }
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
    if (words.length) lower ??= rows.map((row) => `${row[at.id]}\n${row[at.text]}`.toLowerCase());
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
    const text = make("td", { className: "text" }, make("span", { className: "words" }, ...marked(row, picked)));
    const left = because(row);
    const extra = left ? [make("span", { className: "tag" }, left)] : tags(row);
    if (row[at.text]) text.append(make("button", { className: "copy", type: "button", title: ui.copy_hint }, ui.copy));
    if (extra.length) text.append(make("div", { className: "tags" }, ...extra));
    const label = labels[row[at.label]];
    const cells = [make("td", { className: "id cited" }, row[at.id]), text,
      make("td", { className: `nowrap label-${label}` }, left || !label ? "–" : ui[`label_${label}`])];
    if (store.has_rating) cells.push(make("td", { className: "num" }, row[at.rating] === null ? "–" : String(row[at.rating])));
    if (store.has_day) cells.push(make("td", { className: "nowrap cited" }, row[at.day] ?? "–"));
    const names = Object.keys(units);
    if (names.length) cells.push(make("td", { className: "cited" }, names.map((name) => units[name][row[at[name]]]).filter(Boolean).join(" · ") || "–"));
    return make("tr", {}, ...cells);
  };
  const render = () => {
    const pages = Math.max(1, Math.ceil(state.found.length / PAGE));
    const picked = picker();
    const controls = [...form.elements].filter(({ name }) => name);
    $("#reviews").classList.toggle("unfiltered", controls.every(({ value: own, name }) => !own || (name === "show" && own === "counted")));
    body.replaceChildren(...state.found.slice(state.page * PAGE, (state.page + 1) * PAGE).map((k) => line(rows[k], picked)));
    $("#found").textContent = state.found.length ? say("found", { n: count(state.found.length) }) : ui.found_none;
    $("#page").textContent = say("page", { page: count(state.page + 1), pages: count(pages) });
    $("#previous").disabled = state.page === 0;
    $("#next").disabled = state.page >= pages - 1;
  };

  /* Any number leads to its reviews: filters are cleared, then set to what was clicked. */
  const back = $("#back");
  const drill = (wanted) => {
    const place = scrollY, from = document.activeElement;
    back.hidden = false;
    back.onclick = () => {
      back.hidden = true;
      scrollTo(0, place);
      from?.focus({ preventScroll: true });
    };
    form.reset();
    for (const [name, choice] of Object.entries(wanted)) if (control(name)) control(name).value = choice;
    search();
    $("#reviews").scrollIntoView();
    $("#found").setAttribute("tabindex", "-1");
    $("#found").focus({ preventScroll: true });
  };
  let pause = 0;
  form.addEventListener("input", () => { clearTimeout(pause); pause = setTimeout(search, 120); });
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
  const NAMES = ["issue", "element", "label", "period", "show", ...Object.keys(units)];
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || button.type === "reset") return;
    if (button.dataset.save) { savePicture(document.getElementById(button.dataset.save)); return; }
    if (button.dataset.more) {
      const rows = [...document.querySelectorAll(button.dataset.more)];
      rows.forEach((row) => { row.hidden = false; });
      button.hidden = true;
      rows[0]?.querySelector("a, button")?.focus({ preventScroll: true });
      return;
    }
    const wanted = Object.fromEntries(NAMES.filter((name) => name in button.dataset).map((name) => [name, button.dataset[name]]));
    if (Object.keys(wanted).length) drill(wanted);
  });

  /* ---- permalinks, contents, print ---- */
  /* The cards further down wait in a template, so that a long report opens as fast as a short one. */
  const more = $("#more-issues");
  const unfold = () => {
    const template = more.querySelector("template");
    if (template) template.replaceWith(template.content);
  };
  more?.addEventListener("toggle", () => { if (more.open) unfold(); });
  const openTarget = () => {
    const name = location.hash.slice(1);
    if (store.folded.some((id) => name === `issue-${id}` || name === `issue-${encodeURIComponent(id)}`)) unfold();
    let target = document.getElementById(name);
    /* A link passed on by a chat may have its name encoded, or cut in the middle of a code. */
    try { target ??= document.getElementById(decodeURIComponent(name)); } catch { return; }
    let fold = target?.closest("details");
    if (!fold) return;
    for (; fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target.scrollIntoView();
    target.querySelector("summary")?.focus({ preventScroll: true });
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
