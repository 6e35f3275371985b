// Menus of a message: reply, copy, the bot's Apps, delete. Knows items and keys; what an item does is given to it.

import { el, icon } from "./dom.js";
import { openPopup } from "./popup.js";

/** Open a menu beside `box`. `groups`: [{label?, items: [{label, iconName, run, isDanger?}]}]; empty groups are left out. */
export function openMenu(groups, { box, label, returnFocus }) {
  const menu = el("div", { class: "menu", role: "menu", "aria-label": label, testid: "menu" });
  const run = (item) => {
    menu.hidePopover();
    item.run();
  };
  for (const group of groups.filter(({ items }) => items.length)) {
    if (menu.children.length) menu.append(el("div", { class: "menu-line", role: "separator" }));
    const box = el("div", { role: "group", "aria-label": group.label ?? null });
    if (group.label) box.append(el("div", { class: "menu-label", "aria-hidden": "true" }, icon("apps", 14), group.label));
    box.append(...group.items.map((item) => menuItem(item, run)));
    menu.append(box);
  }
  let isByKey = false;
  menu.addEventListener("keydown", (event) => {
    isByKey = event.key === "Escape" || event.key === "Tab";
    moveWithin(event, menu);
  });
  openPopup(menu, { box, onClose: () => (isByKey || !document.activeElement || document.activeElement === document.body) && returnFocus?.focus() });
  menu.querySelector("[role=menuitem]")?.focus();
}

function menuItem(item, run) {
  return el("button", { type: "button", class: item.isDanger ? "menu-item is-danger" : "menu-item", role: "menuitem", tabindex: -1, testid: "menu-item", onclick: () => run(item) }, el("span", { text: item.label }), icon(item.iconName, 18));
}

function moveWithin(event, menu) {
  const items = [...menu.querySelectorAll("[role=menuitem]")];
  const at = items.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
  if (next !== undefined) items[next % items.length]?.focus();
  else if (event.key === "Tab") menu.hidePopover();
  else if (event.key.length === 1 && /\p{L}/u.test(event.key)) {
    const letter = event.key.toLowerCase();
    const order = [...items.slice(at + 1), ...items.slice(0, at + 1)];
    order.find((item) => item.textContent.toLowerCase().startsWith(letter))?.focus();
  } else return;
  event.preventDefault();
}

const MANAGE_MESSAGES = 1 << 13;
const PIN_MESSAGES = 1n << 51n;
const SYSTEM_TYPES = new Set([4, 6, 18]);

/** Whether I may pin a message here: those who may in the server, everybody in direct messages. */
function mayPin(message, store) {
  if (message.is_ephemeral || SYSTEM_TYPES.has(message.type)) return false;
  return store.channel?.kind === "dm" || store.may(PIN_MESSAGES) || store.may(MANAGE_MESSAGES);
}

/** Whether I may take a message away: my own, one that only I see, or as somebody who manages messages. */
export function mayDelete(message, store) {
  const isMine = message.author.id === store.me.id;
  return isMine || Boolean(message.is_ephemeral) || (store.channel?.kind !== "dm" && store.may(MANAGE_MESSAGES));
}

/** The groups of a message's menu. `actions` as in app.js. */
export function messageMenu(view, { store, actions }) {
  const { message } = view;
  const canDelete = mayDelete(message, store);
  const mayThread = store.channel?.kind === "text" && !message.is_ephemeral && !message.thread;
  const link = `https://discord.com/channels/${store.guild.id}/${message.channel_id}/${message.id}`;
  const appCommands = store.usableCommands.filter((command) => command.type === 3);
  return [
    {
      items: [
        { label: "Reply", iconName: "reply", run: () => actions.reply(message) },
        message.content ? { label: "Copy text", iconName: "copy", run: () => actions.copy(message.content, "Text copied.") } : null,
        mayThread ? { label: "Create thread", iconName: "thread", run: () => actions.addThread(message) } : null,
        mayPin(message, store) ? { label: message.pinned ? "Unpin message" : "Pin message", iconName: "pin", run: () => actions.pin(message, !message.pinned) } : null,
        message.is_ephemeral ? null : { label: "Copy message link", iconName: "link", run: () => actions.copy(link, "Message link copied.") },
      ].filter(Boolean),
    },
    {
      label: "Apps",
      items: message.is_ephemeral ? [] : appCommands.map((command) => ({ label: command.name, iconName: "music", run: () => actions.runMenu(command, message) })),
    },
    {
      items: canDelete ? [{ label: message.is_ephemeral ? "Dismiss message" : "Delete message", iconName: "trash", isDanger: true, run: () => actions.remove(message) }] : [],
    },
  ];
}
