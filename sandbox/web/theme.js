// Light or dark: what the system says, unless this browser was told otherwise. Knows nothing of what is coloured.

import { announce, el, icon } from "./dom.js";

const KEY = "sandbox-theme";
const ORDER = ["system", "light", "dark"];
const SIGNS = { system: "theme", light: "sun", dark: "moon" };
const NAMES = { system: "as the system has it", light: "light", dark: "dark" };

function remembered() {
  const theme = localStorage.getItem(KEY);
  return ORDER.includes(theme) ? theme : "system";
}

function apply(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** A button that goes round light, dark and the system's own; the choice is kept in this browser. */
export function themeSwitch() {
  let theme = remembered();
  const button = el("button", { type: "button", class: "icon-button", testid: "theme" });
  const show = () => {
    const label = `Colours: ${NAMES[theme]}`;
    button.title = label;
    button.setAttribute("aria-label", label);
    button.replaceChildren(icon(SIGNS[theme]));
  };
  button.addEventListener("click", () => {
    theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
    localStorage.setItem(KEY, theme);
    apply(theme);
    show();
    announce(`Colours: ${NAMES[theme]}`);
  });
  apply(theme);
  show();
  return button;
}
