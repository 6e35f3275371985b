// A select menu with descriptions and several choices, for messages and modals. Knows options, not what they mean.

import { el, icon } from "./dom.js";
import { openPopup } from "./popup.js";

/** The text of a component's emoji: the sign itself, or :name: for a server's own. */
export function emojiText(emoji) {
  if (!emoji?.name) return "";
  return emoji.id ? `:${emoji.name}:` : emoji.name;
}

/**
 * Make a select. `options`: [{label, value, description?, emoji?, default?}]. `onCommit(values)` is called when the
 * list closes with another choice than before. The node has a `values` property.
 */
export function selectMenu({ options, placeholder, min = 1, max = 1, isDisabled = false, label, onCommit = () => {} }) {
  const state = { chosen: new Set(options.filter((option) => option.default).map((option) => option.value)), active: 0, list: null };
  const button = el(
    "button",
    { type: "button", class: "select", role: "combobox", "aria-haspopup": "listbox", "aria-expanded": "false", "aria-label": label ?? placeholder ?? "Choose", disabled: isDisabled, testid: "select" },
  );
  const isMany = max > 1;
  Object.defineProperty(button, "values", { get: () => [...state.chosen] });

  const showValue = () => {
    const picked = options.filter((option) => state.chosen.has(option.value)).map((option) => `${emojiText(option.emoji)} ${option.label}`.trim());
    button.replaceChildren(el("span", { class: picked.length ? "select-value" : "select-placeholder", text: picked.join(", ") || placeholder || "Choose…" }), icon("down", 18));
  };

  const items = () => [...(state.list?.children ?? [])];
  const setActive = (index) => {
    state.active = Math.max(0, Math.min(options.length - 1, index));
    items().forEach((item, at) => item.classList.toggle("is-active", at === state.active));
    items()[state.active]?.scrollIntoView({ block: "nearest" });
    button.setAttribute("aria-activedescendant", items()[state.active]?.id ?? "");
  };

  const choose = (index) => {
    const { value } = options[index];
    if (!isMany) {
      state.chosen = new Set([value]);
      state.list.hidePopover();
      return;
    }
    if (state.chosen.has(value)) state.chosen.delete(value);
    else if (state.chosen.size < max) state.chosen.add(value);
    items().forEach((item, at) => item.setAttribute("aria-selected", String(state.chosen.has(options[at].value))));
    showValue();
  };

  const open = () => {
    const before = [...state.chosen].sort().join("\n");
    const id = `select-${Math.random().toString(36).slice(2)}`;
    state.list = el("div", { role: "listbox", class: "listbox", id, "aria-multiselectable": isMany ? "true" : null, "aria-label": label ?? placeholder ?? "Choices" }, options.map((option, index) => optionItem(option, `${id}-${index}`, state, () => choose(index))));
    button.setAttribute("aria-expanded", "true");
    button.setAttribute("aria-controls", id);
    openPopup(state.list, {
      box: button.getBoundingClientRect(),
      host: button.closest("dialog") ?? document.body,
      isWide: true,
      onClose: () => {
        state.list = null;
        button.setAttribute("aria-expanded", "false");
        showValue();
        const isChanged = [...state.chosen].sort().join("\n") !== before;
        if ((isChanged || !isMany) && state.chosen.size >= min) onCommit([...state.chosen], button);
      },
    });
    setActive(Math.max(0, options.findIndex((option) => state.chosen.has(option.value))));
  };

  button.addEventListener("click", () => (state.list ? state.list.hidePopover() : open()));
  button.addEventListener("keydown", (event) => handleKey(event, { state, options, open, choose, setActive }));
  showValue();
  return button;
}

function optionItem(option, id, state, onpress) {
  return el(
    "div",
    // Pressing keeps the focus on the button, where the keys are heard.
    { role: "option", class: "option", id, "aria-selected": String(state.chosen.has(option.value)), onmousedown: (event) => event.preventDefault(), onclick: onpress },
    option.emoji ? el("span", { class: "option-emoji", text: emojiText(option.emoji) }) : null,
    el("span", { class: "option-text" }, el("span", { class: "option-name", text: option.label }), option.description ? el("span", { class: "option-description", text: option.description }) : null),
  );
}

function handleKey(event, { state, options, open, choose, setActive }) {
  if (!state.list) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      open();
    }
    return;
  }
  const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -options.length, End: options.length };
  if (event.key in moves) setActive(state.active + moves[event.key]);
  else if (event.key === "Enter" || event.key === " ") choose(state.active);
  else if (event.key === "Tab") {
    state.list.hidePopover();
    return;
  } else if (event.key.length === 1) {
    const typed = event.key.toLowerCase();
    const found = options.findIndex((option, index) => index > state.active && option.label.toLowerCase().startsWith(typed));
    setActive(found >= 0 ? found : options.findIndex((option) => option.label.toLowerCase().startsWith(typed)));
  } else return;
  event.preventDefault();
}
