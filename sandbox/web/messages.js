// The message log of the open channel: order, grouping, scrolling, keys. Knows views of messages, not their insides.

import { el } from "./dom.js";
import { readMessages } from "./api.js";
import { MessageView } from "./message.js";
import { dayName } from "./time.js";

const GROUP_MS = 7 * 60_000; // messages of one author this close together share one head
const PAGE_SIZE = 50;
const NEAR_BOTTOM_PX = 80;
const MAX_PAGES_FOR_JUMP = 20;

export class MessageLog {
  #views = new Map(); // message id -> MessageView
  #atBottom = true;
  #hasOlder = new Map(); // channel id -> whether the server has older ones
  #isReading = false;

  /** `page`: {store, actions, emptyState(), whileReading(read)}. */
  constructor(page) {
    this.page = page;
    this.list = el("div", { class: "log-list", role: "log", "aria-label": "Messages", "aria-live": "off", testid: "log" });
    this.pending = el("div", { class: "log-pending" });
    this.scroller = el("div", { class: "log", tabindex: -1 }, el("div", { class: "log-fill" }), this.list, this.pending);
    this.newest = el("button", { type: "button", class: "to-newest", hidden: true, text: "Jump to the newest", onclick: () => this.toBottom() });
    this.node = el("div", { class: "log-frame" }, this.scroller, this.newest);
    this.scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    this.list.addEventListener("keydown", (event) => this.#onKey(event));
    // Pictures and embeds that grow after they were drawn must not push the newest message out of sight.
    new ResizeObserver(() => this.#atBottom && this.toBottom()).observe(this.list);
    new ResizeObserver(() => this.#atBottom && this.toBottom()).observe(this.scroller);
    const { store } = page;
    store.on("messages", ({ channelId, isOlder }) => channelId === store.currentId && this.#draw({ isOlder }));
    store.on("message", ({ channelId }) => channelId === store.currentId && this.#draw());
    store.on("drop", ({ channelId }) => channelId === store.currentId && this.#draw());
    // A name that became known changes mentions in any message; commands and presence change the welcome.
    for (const type of ["people", "commands", "presence", "channels"]) store.on(type, () => this.#draw({ isForAll: true }));
  }

  /** Read and show a channel; used at opening and for catching up after the connection was lost. */
  async open(channelId) {
    const { store } = this.page;
    if (this.shownId !== channelId) {
      this.#views.clear();
      this.list.replaceChildren();
      this.pending.replaceChildren();
      this.shownId = channelId;
      this.#atBottom = true;
      if (store.isLoaded(channelId)) this.#draw();
    }
    await this.#read(channelId, {});
  }

  view(messageId) {
    return this.#views.get(messageId);
  }

  lastView() {
    return this.#views.get(this.page.store.messagesOf(this.shownId).at(-1)?.id);
  }

  toBottom() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.newest.hidden = true;
    this.#atBottom = true;
  }

  /** Bring a message of the open channel into sight, reading older pages as needed; returns whether it was found. */
  async reveal(messageId) {
    for (let page = 0; page < MAX_PAGES_FOR_JUMP && !this.#views.has(messageId); page += 1) {
      if (!(await this.#readOlder())) break;
    }
    const view = this.#views.get(messageId);
    if (!view) return false;
    this.#atBottom = false;
    view.node.scrollIntoView({ block: "center" });
    view.node.classList.remove("is-revealed");
    requestAnimationFrame(() => view.node.classList.add("is-revealed"));
    view.node.focus({ preventScroll: true });
    return true;
  }

  #draw({ isOlder = false, isForAll = false } = {}) {
    const { store } = this.page;
    if (!this.shownId || !store.isLoaded(this.shownId)) return;
    const before = this.scroller.scrollHeight - this.scroller.scrollTop;
    const messages = store.messagesOf(this.shownId);
    const ids = new Set(messages.map((message) => message.id));
    for (const id of this.#views.keys()) if (!ids.has(id)) this.#views.delete(id);
    const nodes = [];
    let previous = null;
    for (const message of messages) {
      const view = this.#viewOf(message, { isForAll });
      if (!previous || dayName(Date.parse(previous.timestamp)) !== dayName(Date.parse(message.timestamp))) nodes.push(this.#divider(message));
      view.node.classList.toggle("is-grouped", isGrouped(previous, message));
      view.node.tabIndex = message === messages.at(-1) ? 0 : -1;
      nodes.push(view.node);
      previous = message;
    }
    if (!messages.length) nodes.push(this.page.emptyState());
    placeChildren(this.list, nodes);
    if (isOlder) this.scroller.scrollTop = this.scroller.scrollHeight - before;
    else if (this.#atBottom) this.toBottom();
    else this.newest.hidden = false;
  }

  #viewOf(message, { isForAll }) {
    const known = this.#views.get(message.id);
    if (known) {
      if (isForAll || known.message !== message) known.update(message);
      return known;
    }
    const view = new MessageView(message, this.page);
    this.#views.set(message.id, view);
    return view;
  }

  #divider(message) {
    const day = dayName(Date.parse(message.timestamp));
    const known = [...this.list.children].find((node) => node.dataset.day === day);
    return known ?? el("div", { class: "day", role: "separator", "data-day": day }, el("span", { text: day }));
  }

  #onScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.#atBottom = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
    if (this.#atBottom) this.newest.hidden = true;
    if (scrollTop < 200) this.#readOlder().catch(this.page.actions.complain);
  }

  async #readOlder() {
    const { store } = this.page;
    const channelId = this.shownId;
    const oldest = store.messagesOf(channelId)[0];
    if (this.#isReading || !oldest || !this.#hasOlder.get(channelId)) return false;
    this.#isReading = true;
    try {
      return (await this.#read(channelId, { before: oldest.id })) > 0;
    } finally {
      this.#isReading = false;
    }
  }

  // Read the newest page, or the one before a message, into the store; returns how many there were.
  #read(channelId, { before }) {
    const { store } = this.page;
    return this.page.whileReading(async () => {
      const { messages } = await readMessages(channelId, store.me.id, { limit: PAGE_SIZE, before });
      this.#hasOlder.set(channelId, messages.length >= PAGE_SIZE);
      store.setMessages(channelId, messages, { isOlder: before !== undefined });
      return messages.length;
    });
  }

  // Arrow keys walk from message to message while one of them (not something inside it) has the focus.
  #onKey(event) {
    if (!event.target.classList.contains("message")) return;
    const nodes = [...this.list.querySelectorAll(".message")];
    const at = nodes.indexOf(event.target);
    const view = this.#views.get(event.target.dataset.messageId);
    const { actions } = this.page;
    const keys = {
      ArrowUp: () => nodes[at - 1]?.focus(),
      ArrowDown: () => (nodes[at + 1] ? nodes[at + 1].focus() : actions.focusComposer()),
      Home: () => nodes[0].focus(),
      End: () => nodes.at(-1).focus(),
      Enter: () => actions.menu(view, view.main.getBoundingClientRect()),
      Escape: () => actions.focusComposer(),
      r: () => actions.reply(view.message),
      Delete: () => actions.remove(view.message),
    };
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  }
}

function isGrouped(previous, message) {
  if (!previous || previous.author.id !== message.author.id) return false;
  if (message.message_reference || message.interaction_metadata || previous.is_ephemeral !== message.is_ephemeral) return false;
  return Date.parse(message.timestamp) - Date.parse(previous.timestamp) < GROUP_MS;
}

// Bring the children into this order while moving as few as possible: a moved <audio> would stop.
function placeChildren(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
}
