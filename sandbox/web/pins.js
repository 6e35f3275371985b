// The list of a channel's pinned messages, beside its button in the head. Knows messages and the way to them.

import { avatar, el } from "./dom.js";
import { summary } from "./message.js";
import { openPopup } from "./popup.js";

/** Show pinned messages, the one that was pinned last first. `page`: {store, actions}. */
export function openPins(messages, { store, actions }, box) {
  const list = el("div", { class: "menu pins", role: "menu", "aria-label": "Pinned messages", testid: "pins" });
  for (const message of messages) {
    const author = store.person(message.author);
    const go = () => {
      list.hidePopover();
      actions.jump(message.channel_id, message.id);
    };
    list.append(el("button", { type: "button", class: "menu-item pin", role: "menuitem", testid: "pin", onclick: go }, avatar(author, "small"), el("span", { class: "pin-text" }, el("strong", { text: author.name }), el("span", { text: summary(message, 120) }))));
  }
  if (!messages.length) list.append(el("p", { class: "menu-label", text: "Nothing is pinned here." }));
  list.addEventListener("keydown", (event) => {
    const items = [...list.querySelectorAll("[role=menuitem]")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !items.length) return;
    event.preventDefault();
    items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
  });
  openPopup(list, { box });
  list.querySelector("[role=menuitem]")?.focus();
}
