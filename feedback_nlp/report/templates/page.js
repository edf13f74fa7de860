/* What the page does beside charts and table: theme button, copying, wide tables for the keyboard. */
(() => {
  "use strict";
  const root = document.documentElement;

  /* ---- theme ---- */
  const button = document.getElementById("theme");
  const tell = () => button.setAttribute("aria-pressed", String(root.dataset.theme === "dark"));
  button.addEventListener("click", () => root.dispatchEvent(new Event("toggletheme")));
  document.addEventListener("themechange", tell);
  button.hidden = false;
  tell();

  /* ---- copying ---- */
  const status = document.getElementById("status");
  const words = status.dataset;
  const byHand = (text) => {
    const box = Object.assign(document.createElement("textarea"), { value: text, className: "hidden" });
    document.body.append(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    return done;
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return byHand(text);
    }
  };
  const said = (node, text) => {
    const before = node.dataset.says ?? node.textContent;
    node.dataset.says = before;
    node.textContent = text;
    status.textContent = text;
    setTimeout(() => { node.textContent = before; status.textContent = ""; }, 1800);
  };
  const flat = (node) => node.textContent.replace(/\s+/g, " ").trim();
  const quoted = (node) => {
    const box = node.closest("blockquote, td");
    const text = box.querySelector("p, .words").textContent.trim();
    const around = box.matches("td") ? box.parentElement.querySelectorAll(".cited") : box.querySelectorAll("footer > span");
    const source = [...around].map(flat).filter((part) => part && part !== "–").join(words.joint);
    return words.quote.replace("{text}", () => text).replace("{source}", () => source);
  };
  document.addEventListener("click", async (event) => {
    const node = event.target.closest("button.copy, a.permalink");
    if (!node) return;
    const text = node.matches("a") ? node.href : quoted(node);
    const done = await copy(text);
    said(node, done ? words.copied : words.failed);
  });

  /* ---- tables wider than the window can be scrolled with the arrow keys ---- */
  const reach = () => document.querySelectorAll(".scroll").forEach((box) => {
    const wide = box.scrollWidth > box.clientWidth;
    const name = box.querySelector("caption")?.textContent ?? box.closest("section")?.querySelector("h2")?.textContent;
    for (const [key, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", name]]) {
      if (wide) box.setAttribute(key, value); else box.removeAttribute(key);
    }
  });
  addEventListener("resize", reach);
  reach();
})();
