"use strict";
// Every text is set as text, never as HTML: cells, names and messages come from other people's files.
const $ = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];
const MIB = 2 ** 20, POLL = 400, IDLE_POLL = 5000;

let words = {}, about = null, lang = "zh";
let file = null; // what the program calls the file
let state = null; // what it last told
let turn = null; // of the columns that are drawn
let timer = null, shownStep = "", shownStage = "", problem = null, ended = false;

class Refused extends Error {
  constructor(line) { super(line.zh); this.line = line; }
}

function t(key, values = {}) {
  return words[key][lang === "en" ? 1 : 0].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
const pair = (key, values) => {
  const fill = (text) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  return { zh: fill(words[key][0]), en: fill(words[key][1]) };
};
const size = (bytes) => (bytes >= MIB ? `${Math.round(bytes / MIB)} MiB` : `${Math.max(1, Math.round(bytes / 1024))} KiB`);
const number = (value) => value.toLocaleString("en-US");

function make(tag, text = "", attributes = {}) {
  const node = document.createElement(tag);
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

async function ask(method, path, body) {
  let answer;
  const json = body !== undefined && !(body instanceof Blob);
  try {
    answer = await fetch(path, {
      method,
      body: json ? JSON.stringify(body) : body,
      headers: json ? { "Content-Type": "application/json" } : {},
    });
  } catch {
    throw new Refused({ zh: words.gone[0], en: words.gone[1] });
  }
  const told = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(told?.error ?? { zh: words.gone[0], en: words.gone[1] });
  return told;
}

// --- what is said

function say(line) {
  problem = line;
  $("problem").hidden = line === null;
  $("problem").textContent = line === null ? "" : line[lang];
}

const tell = (text) => { $("said").textContent = text; };

async function trying(work) {
  try { await work(); } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(error.line);
  }
}

// --- steps

function step() {
  if (ended) return "end";
  if (state === null) return "file";
  if (state.state === "reading") return "reading";
  if (state.state === "working") return "work";
  if (state.state === "done") return "report";
  return state.preview || state.sheets.length > 1 ? "columns" : "file";
}

const NAV = { reading: "file", end: "report" };

function draw() {
  const here = step();
  for (const section of all("main > section")) section.hidden = section.id !== `step-${here}`;
  for (const item of all(".steps li")) {
    if (item.dataset.step === (NAV[here] ?? here)) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  if (here !== "end" && state?.error) say(state.error);
  for (const node of all(".named")) node.textContent = state?.name ?? "";
  if (here === "columns" && turn !== state.turn) drawColumns();
  if (here === "work") drawProgress();
  if (here === "report" && shownStep !== "report") drawReport();
  if (here !== shownStep) {
    if (shownStep) {
      const head = $(`h-${here}`);
      head.focus();
      tell(head.textContent);
    }
    shownStep = here;
  }
}

function list(node, lines) {
  node.replaceChildren(...lines.map((line) => make("li", line[lang])));
}

// --- columns

function drawColumns() {
  turn = state.turn;
  const { preview, sheets } = state;
  $("about-file").textContent = preview
    ? t("about_file", { name: state.name, rows: number(preview.n_rows), columns: preview.columns.length })
    : state.name;
  $("sheet-line").hidden = sheets.length < 2;
  const every = sheets.includes("all") ? [] : [make("option", t("all_sheets"), { value: "all" })];
  $("sheet").replaceChildren(...sheets.map((name) => make("option", name)), ...every);
  if (preview) $("sheet").value = preview.sheet;
  else $("sheet").selectedIndex = -1;
  $("columns").hidden = !preview;
  if (!preview) return;
  $("roles").replaceChildren(...about.roles.map(roleRow));
  list($("notes"), preview.notes);
  drawRows();
  if (preview.problem) say(preview.problem);
}

function roleRow({ role, label }) {
  const row = make("tr"), head = make("th", "", { scope: "row" }), cell = make("td"), examples = make("td");
  const name = make("label", label[lang] + (role === "text" ? t("needed") : ""), { for: `role-${role}` });
  const select = make("select", "", { id: `role-${role}`, "data-role": role });
  select.append(make("option", t("none"), { value: "" }));
  state.preview.columns.forEach((column, place) => select.append(make("option", column.name, { value: place })));
  select.value = state.preview.roles[role]?.column ?? "";
  const show = () => {
    examples.textContent = select.value === "" ? "" : state.preview.columns[select.value].examples.join(" · ");
  };
  select.addEventListener("change", () => { show(); drawRows(); });
  show();
  head.append(name);
  cell.append(select);
  row.append(head, cell, examples);
  return row;
}

const chosen = () => Object.fromEntries(
  all("#roles select").map((select) => [select.dataset.role, select.value === "" ? null : Number(select.value)]),
);

function drawRows() {
  const uses = {};
  for (const select of all("#roles select")) {
    if (select.value === "") continue;
    const { label } = about.roles.find(({ role }) => role === select.dataset.role);
    uses[select.value] = [...(uses[select.value] ?? []), label[lang]];
  }
  const head = make("tr");
  state.preview.columns.forEach((column, place) => {
    const cell = make("th", column.name, { scope: "col" });
    if (uses[place]) cell.prepend(make("b", uses[place].join(" / ")));
    head.append(cell);
  });
  const top = make("thead"), body = make("tbody");
  top.append(head);
  for (const cells of state.preview.rows) {
    const row = make("tr");
    row.append(...cells.map((text) => make("td", text)));
    body.append(row);
  }
  $("rows").replaceChildren(top, body);
}

// --- progress

function left(seconds) {
  if (seconds === null || seconds === undefined) return t("eta_unknown");
  return seconds < 90 ? t("eta_seconds", { n: Math.max(1, seconds) }) : t("eta_minutes", { n: Math.round(seconds / 60) });
}

function drawProgress() {
  const { progress } = state;
  const stage = progress?.stage ?? "reading", percent = progress?.percent ?? 0;
  const name = t(`stage_${stage}`);
  const counted = progress?.total ? t("counted", { stage: name, done: number(progress.done), total: number(progress.total) }) : name;
  $("bar").value = percent;
  $("progress").textContent = t("progress", { stage: counted, percent, eta: left(progress?.eta) });
  $("stages").replaceChildren(...(progress?.stages ?? []).map((one) => {
    const item = make("li", t(`stage_${one}`));
    if (one === stage) item.setAttribute("aria-current", "step");
    return item;
  }));
  if (stage !== shownStage) tell(`${name} ${percent}%`);
  shownStage = stage;
}

// --- report

function drawReport() {
  const base = `files/${file}/`;
  const links = state.files.map(({ name, size: bytes }) =>
    make("a", t("download", { name, size: size(bytes) }), { class: "download", href: `${base}${name}?download=true`, download: name }));
  const alone = make("a", t("open_alone"), { href: `${base}report.html`, target: "_blank", rel: "noopener" });
  $("downloads").replaceChildren(...links, alone);
  list($("work-notes"), state.notes);
  if ($("report").dataset.turn !== String(state.turn)) $("report").src = `${base}report.html`;
  $("report").dataset.turn = state.turn;
}

// --- talking with the program

async function follow() {
  clearTimeout(timer);
  if (file === null || ended) return;
  const asked = file;
  try {
    const told = await ask("GET", `api/files/${asked}`);
    if (asked !== file) return;
    state = told;
    draw();
    if (["reading", "working"].includes(state.state)) timer = setTimeout(follow, POLL);
    else if (state.state !== "done") timer = setTimeout(follow, IDLE_POLL);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (asked !== file) return;
    forget();
    say(error.line);
  }
}

function forget() {
  clearTimeout(timer);
  file = state = turn = null;
  shownStage = "";
  $("report").removeAttribute("src");
  delete $("report").dataset.turn;
  history.replaceState(null, "", location.pathname);
  draw();
}

async function take(begin) {
  const before = file;
  say(null);
  await trying(async () => {
    state = { state: "reading", name: "", sheets: [], turn: -1 };
    draw();
    try {
      file = null;
      file = (await begin()).id;
    } catch (error) {
      forget();
      throw error;
    } finally {
      if (before) await ask("DELETE", `api/files/${before}`);
    }
    turn = null;
    history.replaceState(null, "", `#${file}`);
    await follow();
  });
}

function upload(files) {
  if (step() === "work" || step() === "reading" || ended) return;
  if (files.length > 1) { say(pair("one_file")); return; }
  if (files.length === 0) return;
  const [one] = files;
  if (one.size > about.max_bytes) {
    say(pair("too_large", { name: one.name, size: size(one.size), limit: size(about.max_bytes) }));
    return;
  }
  take(() => ask("POST", `api/files?name=${encodeURIComponent(one.name)}`, one));
}

function start() {
  say(null);
  shownStage = "";
  const scale = $("scale").value ? $("scale").value.split("–").map(Number) : null;
  trying(async () => {
    state = await ask("POST", `api/files/${file}/analyze`, {
      columns: chosen(), model: $("model").value, lang: $("report-lang").value, rating_scale: scale,
    });
    turn = state.turn; // the columns stay as they are chosen
    draw();
    await follow();
  });
}

function cancel() {
  if (file === null) return; // still on its way here
  trying(async () => {
    clearTimeout(timer);
    const reading = state.state === "reading";
    state = await ask("POST", `api/files/${file}/cancel`);
    if (reading && !state.preview) { await another(); return; }
    turn = state.turn;
    draw();
    tell(t("cancelled"));
  });
}

async function another() {
  const before = file;
  say(null);
  forget();
  if (before) await trying(() => ask("DELETE", `api/files/${before}`));
}

function quit() {
  if (!window.confirm(t("quit_sure"))) return;
  trying(async () => {
    await ask("POST", "api/quit");
    clearTimeout(timer);
    ended = true;
    say(null);
    $("report").removeAttribute("src");
    draw();
  });
}

// --- language

function speak(to) {
  const kept = step() === "columns" && state.preview ? chosen() : null;
  lang = to;
  document.documentElement.lang = to === "en" ? "en" : "zh-CN";
  for (const node of all("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of all("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
  for (const node of all("[data-title]")) node.title = t(node.dataset.title);
  document.title = `${t("title")} · feedback_nlp`;
  $("language").textContent = t("language");
  $("language").lang = to === "en" ? "zh-CN" : "en";
  $("limits").textContent = t("limits", { size: size(about.max_bytes) });
  const model = $("model").value;
  $("model").replaceChildren(...about.models.map(({ name, label }) => make("option", label[lang], { value: name })));
  if (model) $("model").value = model;
  if (problem) say(problem);
  if (kept) {
    drawColumns();
    for (const [role, place] of Object.entries(kept)) {
      $(`role-${role}`).value = place ?? "";
      $(`role-${role}`).dispatchEvent(new Event("change"));
    }
  }
  if (step() === "report") drawReport();
  draw();
}

// --- beginning

function listen() {
  $("language").addEventListener("click", () => speak(lang === "en" ? "zh" : "en"));
  $("quit").addEventListener("click", quit);
  $("sample").addEventListener("click", () => take(() => ask("POST", "api/sample")));
  $("file").addEventListener("change", () => { upload([...$("file").files]); $("file").value = ""; });
  $("columns").addEventListener("submit", (event) => { event.preventDefault(); start(); });
  $("back").addEventListener("click", () => {
    state = { ...state, state: "ready" };
    draw();
  });
  $("sheet").addEventListener("change", () => trying(async () => {
    say(null);
    turn = null;
    state = await ask("POST", `api/files/${file}/read`, { sheet: $("sheet").value });
    draw();
    await follow();
  }));
  for (const node of all(".cancel")) node.addEventListener("click", cancel);
  for (const node of all(".another")) node.addEventListener("click", another);
  let depth = 0;
  const over = (change) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("over", depth > 0);
  };
  document.addEventListener("dragenter", (event) => { event.preventDefault(); over(1); });
  document.addEventListener("dragleave", () => over(-1));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    over(-depth);
    upload([...event.dataTransfer.files]);
  });
}

async function begin() {
  words = await (await fetch("words.json")).json();
  about = await ask("GET", "api/about");
  $("version").textContent = `feedback_nlp ${about.version}`;
  listen();
  speak(about.lang);
  $("report-lang").value = lang;
  if (/^#[0-9a-f]{32}$/.test(location.hash)) {
    file = location.hash.slice(1);
    await follow();
  }
}

begin();
