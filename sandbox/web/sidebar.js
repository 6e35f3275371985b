// The left side: the server's name, channels and their threads, direct messages, and who one is. Draws and reports presses.

import { avatar, el, icon, iconButton } from "./dom.js";
import { themeSwitch } from "./theme.js";

export class Sidebar {
  /** `page`: {store, actions}. */
  constructor(page) {
    this.page = page;
    this.title = el("h1", { class: "server-name" });
    this.presence = el("p", { class: "presence", testid: "presence", role: "status" });
    this.channels = el("nav", { class: "channels", "aria-label": "Channels", testid: "channels" });
    this.me = el("div", { class: "me" });
    this.theme = themeSwitch();
    const panel = iconButton("gear", "Server: roles, permissions, time", { testid: "open-panel", onclick: () => page.actions.openPanel() });
    const head = el("header", { class: "server-head" }, el("div", { class: "server-text" }, this.title, this.presence), panel);
    this.node = el("aside", { class: "sidebar", id: "sidebar", "aria-label": "Server" }, head, this.channels, this.me);
    this.channels.addEventListener("keydown", (event) => walk(event, this.channels));
    const { store } = page;
    store.on("channels", () => this.#drawChannels());
    store.on("presence", () => this.#drawPresence());
    store.on("people", () => this.#drawMe());
  }

  #drawPresence() {
    const { bot, guild } = this.page.store;
    this.title.textContent = guild.name;
    this.presence.className = bot.online && bot.is_member ? "presence is-online" : "presence";
    this.presence.textContent = bot.is_member ? `${bot.name} is ${bot.online ? "online" : "offline"}` : `${bot.name} is not in this server`;
  }

  #drawChannels() {
    const { store, actions } = this.page;
    const all = [...store.channels.values()];
    const focusedId = this.channels.contains(document.activeElement) ? document.activeElement.dataset.channelId : null;
    const places = all.filter(({ kind }) => kind === "text" || kind === "forum");
    const add = iconButton("plus", "New channel", { class: "add-channel", testid: "add-channel", onclick: () => actions.addChannel() });
    this.channels.replaceChildren(
      el("div", { class: "channel-group" }, el("h2", { text: "Channels" }), add),
      ...places.flatMap((channel) => [this.#link(channel), ...all.filter(({ kind, parent_id: parent }) => kind === "thread" && parent === channel.id).map((thread) => this.#link(thread))]),
      el("div", { class: "channel-group" }, el("h2", { text: "Direct messages" })),
      this.#directMessages(all.find(({ kind }) => kind === "dm")),
    );
    if (focusedId) this.channels.querySelector(`[data-channel-id="${focusedId}"]`)?.focus();
  }

  #link(channel) {
    const { store, actions } = this.page;
    const isOpen = channel.id === store.currentId;
    const isUnread = store.unread.has(channel.id);
    return el(
      "button",
      { type: "button", class: `channel channel-${channel.kind} ${channel.is_archived ? "is-archived" : ""} ${isOpen ? "is-open" : ""} ${isUnread ? "is-unread" : ""}`, "aria-current": isOpen ? "page" : null, "data-channel-id": channel.id, testid: "channel", onclick: () => actions.open(channel.id) },
      icon({ thread: "thread", forum: "forum" }[channel.kind] ?? "hash", 18),
      el("span", { class: "channel-name", text: channel.name }),
      channel.is_archived || channel.is_locked ? el("span", { class: "channel-note", text: channel.is_locked ? "locked" : "archived" }) : null,
      isUnread ? el("span", { class: "visually-hidden", text: ", unread" }) : null,
    );
  }

  #directMessages(channel) {
    const { store, actions } = this.page;
    const isOpen = channel && channel.id === store.currentId;
    const isUnread = channel && store.unread.has(channel.id);
    return el(
      "button",
      { type: "button", class: `channel channel-dm ${isOpen ? "is-open" : ""} ${isUnread ? "is-unread" : ""}`, "aria-current": isOpen ? "page" : null, "data-channel-id": channel?.id ?? "dm", testid: "dm", onclick: () => actions.openDm() },
      avatar({ name: store.bot.name, bot: true }, "small"),
      el("span", { class: "channel-name", text: store.bot.name }),
    );
  }

  #drawMe() {
    const { store, actions } = this.page;
    if (!store.me) return;
    this.me.replaceChildren(
      avatar({ name: store.me.name, bot: false }),
      el("span", { class: "me-text" }, el("span", { class: "me-name", text: store.me.name, testid: "me" }), el("span", { class: "me-note", text: "You, in this tab" })),
      this.theme,
      iconButton("swap", "Change who you are", { testid: "switch-user", onclick: () => actions.changeUser() }),
    );
  }
}

function walk(event, nav) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const buttons = [...nav.querySelectorAll(".channel")];
  const at = buttons.indexOf(document.activeElement);
  if (!step || at < 0) return;
  event.preventDefault();
  buttons[at + step]?.focus();
}
