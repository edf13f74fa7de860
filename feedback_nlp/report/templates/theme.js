/* Before anything is painted: the theme chosen in this browser, else the system's. */
(() => {
  "use strict";
  const KEY = "feedback-nlp-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  /* Storage is shut in some browsers for pages opened from a file; then the choice lasts as long as the page. */
  const stored = (write) => { try { return write ? write(localStorage) : localStorage.getItem(KEY); } catch { return null; } };
  const systems = () => (system.matches ? "dark" : "light");
  let chosen = ["light", "dark"].find((name) => name === stored());
  const show = () => {
    root.dataset.theme = chosen ?? systems();
    document.dispatchEvent(new Event("themechange"));
  };
  /* What the system has anyway is not kept, so that the page goes on following it. */
  root.addEventListener("toggletheme", () => {
    const wanted = root.dataset.theme === "dark" ? "light" : "dark";
    chosen = wanted === systems() ? undefined : wanted;
    stored((storage) => (chosen ? storage.setItem(KEY, chosen) : storage.removeItem(KEY)));
    show();
  });
  system.addEventListener("change", show);
  show();
})();
