// Puts the page together: who one is, the views, the live connection, the address. No other module knows all of them.

import * as api from "./api.js";
import { makeActions } from "./actions.js";
import { Composer } from "./composer.js";
import { el, icon, iconButton } from "./dom.js";
import { forumView } from "./forum.js";
import { Interactions } from "./interactions.js";
import { LiveConnection } from "./live.js";
import { MessageLog } from "./messages.js";
import { Narrator } from "./narrator.js";
import { NowPlaying } from "./now_playing.js";
import { askName, rememberedName, rememberName } from "./people.js";
import { Sidebar } from "./sidebar.js";
import { SongView } from "./song_view.js";
import { Store } from "./store.js";
import { refreshTimes } from "./time.js";
import { welcome } from "./welcome.js";

const MESSAGE_LINK = /^https:\/\/(?:(?:ptb|canary)\.)?discord\.com\/channels\/(?:\d+|@me)\/(\d+)(?:\/(\d+))?$/u;
const TOAST_MS = 4000;

class App {
  #numReads = 0; // answers under way that will replace what the store knows
  #heldEvents = [];

  constructor() {
    this.store = new Store();
    this.interactions = new Interactions({ onModal: (event) => this.actions.showModal(event) });
    this.actions = makeActions(this);
    this.sidebar = new Sidebar(this);
    this.log = new MessageLog(this);
    this.composer = new Composer(this);
    this.song = new SongView(this);
    this.narrator = new Narrator(this.store);
    this.banner = el("div", { class: "banner", role: "status", hidden: true, testid: "banner" }, el("span", { class: "spinner", "aria-hidden": "true" }), " The connection to the sandbox was lost. Trying again…");
    this.outside = el("div", { class: "banner", role: "status", hidden: true, testid: "outside" }, "You have left this server. ", el("button", { type: "button", class: "text-button", text: "Come back", onclick: () => this.actions.comeBack() }));
    this.toast = el("div", { class: "toast", role: "status", hidden: true, testid: "toast" });
    this.typing = el("p", { class: "typing", "aria-live": "polite", testid: "typing" });
    this.channelName = el("h2", { class: "channel-title", testid: "channel-title" });
    this.topic = el("p", { class: "channel-topic" });
  }

  emptyState = () => (this.store.channel?.kind === "forum" ? forumView(this) : welcome(this));

  draw() {
    const toggle = iconButton("menu", "Channels", { class: "sidebar-toggle", testid: "sidebar-toggle", "aria-controls": "sidebar", "aria-expanded": "false", onclick: () => this.showSidebar(!document.body.classList.contains("shows-sidebar")) });
    this.toggle = toggle;
    const scrim = el("div", { class: "scrim", onclick: () => this.showSidebar(false) });
    const pins = iconButton("pin", "Pinned messages", { class: "head-pins", testid: "show-pins", onclick: () => this.actions.showPins(pins.getBoundingClientRect()) });
    const head = el("header", { class: "channel-head" }, toggle, this.channelName, this.topic, new NowPlaying().node, pins, this.song.toggle);
    const main = el("main", { class: "main" }, head, this.banner, this.outside, this.log.node, this.composer.node, this.typing, this.toast);
    document.getElementById("app").replaceChildren(this.sidebar.node, scrim, main, this.song.node);
    document.addEventListener("click", (event) => this.#onClick(event));
    document.addEventListener("keydown", (event) => this.#onKey(event));
    window.addEventListener("hashchange", () => this.#openFromAddress().catch(this.complain));
    window.addEventListener("online", () => this.live?.hurry());
    wireDrop(main, (files) => this.composer.addFiles(files));
    this.store.on("typing", () => this.#drawTyping());
    this.store.on("select", () => this.#drawHead());
    this.store.on("channels", () => this.#drawHead());
    this.store.on("people", () => {
      this.outside.hidden = this.store.users.get(this.store.me?.id)?.is_member !== false;
    });
    this.store.on("gone", () => this.store.channel ?? this.#openFromAddress().catch(this.complain));
    setInterval(() => refreshTimes(), 20_000);
  }

  async start() {
    this.draw();
    let name = rememberedName();
    if (!name) {
      this.store.setState(await api.readState());
      name = await askName({ people: [...this.store.users.values()], mayCancel: false });
    }
    await this.become(name);
  }

  /** Be this person from now on: a fresh view of everything, a connection of their own. */
  async become(name) {
    const me = await api.makeUser(name);
    rememberName(me.name);
    this.composer.hold();
    this.live?.close();
    this.store.forgetMessages();
    this.store.me = me;
    this.store.currentId = null;
    this.log.shownId = null;
    await this.#readState();
    await this.#openFromAddress();
    this.live = new LiveConnection(me.id, {
      onEvent: (event) => this.#receive(event),
      onUp: () => {
        this.composer.release();
        this.#catchUp().catch(this.complain);
      },
      onDown: () => {
        this.banner.hidden = false;
      },
    });
    this.composer.focus();
  }

  changeUser = async () => {
    const name = await askName({ people: [...this.store.users.values()], mayCancel: true });
    if (name) await this.become(name).catch(this.complain);
  };

  // Also at the first connection: something may have happened between reading the state and the socket's hello.
  async #catchUp() {
    await this.#readState();
    if (!this.store.channels.has(this.store.currentId)) await this.#openFromAddress();
    else await this.log.open(this.store.currentId);
    this.banner.hidden = true;
  }

  async #readState() {
    await this.whileReading(async () => {
      const state = await api.readState(this.store.me.id);
      // After a reset of the sandbox this name has another id, or none yet.
      if (!state.me) this.store.me = await api.makeUser(this.store.me.name);
      this.store.setState(state);
    });
  }

  #receive(event) {
    if (event.type === "reset") this.become(this.store.me.name).catch(this.complain);
    else if (this.interactions.take(event)) return;
    else if (this.#numReads) this.#heldEvents.push(event);
    else this.store.apply(event);
  }

  /**
   * Run `read`, which asks the server and puts the answer into the store. Events that overtake the answer wait for it:
   * it was made before them and would undo them.
   */
  async whileReading(read) {
    this.#numReads += 1;
    try {
      return await read();
    } finally {
      this.#numReads -= 1;
      if (!this.#numReads) for (const event of this.#heldEvents.splice(0)) this.store.apply(event);
    }
  }

  openChannel = async (channelId) => {
    const { store } = this;
    const previousId = store.currentId;
    this.showSidebar(false);
    if (previousId !== channelId) {
      store.select(channelId);
      this.composer.enter(store.channel, previousId);
      if (location.hash !== `#${channelId}`) history.replaceState(null, "", `#${channelId}`);
    }
    await this.log.open(channelId);
    if (document.activeElement === document.body) this.composer.focus();
  };

  async #openFromAddress() {
    const [channelId, messageId] = location.hash.slice(1).split("/");
    const first = [...this.store.channels.values()].find(({ kind }) => kind === "text");
    await this.openChannel(this.store.channels.has(channelId) ? channelId : first.id);
    if (messageId) await this.log.reveal(messageId);
  }

  /** Show an error that belongs to no place of its own. */
  complain = (error) => {
    this.say(error.message);
    if (error.name !== "ApiError") throw error;
  };

  /** A short word at the bottom that goes away by itself. */
  say(sentence) {
    this.toast.textContent = sentence;
    this.toast.hidden = false;
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => {
      this.toast.hidden = true;
    }, TOAST_MS);
  }

  showSidebar(isShown) {
    document.body.classList.toggle("shows-sidebar", isShown);
    this.toggle.setAttribute("aria-expanded", String(isShown));
  }

  #drawHead() {
    const { channel, bot, guild } = this.store;
    if (!channel) return;
    const name = channel.kind === "dm" ? bot.name : channel.name;
    this.channelName.replaceChildren(icon({ thread: "thread", forum: "forum", dm: "music" }[channel.kind] ?? "hash", 20), name);
    this.topic.textContent = channel.topic ?? "";
    this.composer.node.hidden = channel.kind === "forum"; // posts are made by a button
    document.title = `${channel.kind === "text" ? "#" : ""}${name} · ${guild.name}`;
  }

  #drawTyping() {
    const people = this.store.typingIn(this.store.currentId).map((user) => this.store.person(user).name);
    const who = people.length > 2 ? "Several people" : people.join(" and ");
    this.typing.replaceChildren(...(people.length ? [el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), el("strong", { text: who }), ` ${people.length > 1 ? "are" : "is"} typing…`] : []));
  }

  // Links to messages and mentioned commands are followed inside the page.
  #onClick(event) {
    const command = event.target.closest("[data-command]");
    if (command) this.composer.setText(`/${command.dataset.command} `);
    const place = event.target.closest("[data-channel]")?.dataset.channel;
    if (this.store.channels.has(place)) this.actions.open(place);
    const link = MESSAGE_LINK.exec(event.target.closest("a")?.href ?? "");
    if (!link || !this.store.channels.has(link[1])) return;
    event.preventDefault();
    if (link[2]) this.actions.jump(link[1], link[2]);
    else this.actions.open(link[1]);
  }

  // A key typed anywhere goes into the message field, as people expect of a chat.
  #onKey(event) {
    if (event.key === "Escape" && document.body.classList.contains("shows-sidebar")) this.showSidebar(false);
    const isText = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
    const isTaken = event.defaultPrevented || event.target.closest("input, textarea, select, dialog, [popover], [role=combobox]");
    if (isText && !isTaken && !document.querySelector("dialog[open]")) this.composer.focus();
  }
}

// Files dropped anywhere on the chat go to the composer; the frame shows that they will.
function wireDrop(target, take) {
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  target.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    target.classList.add("is-dropping");
  });
  target.addEventListener("dragleave", (event) => event.relatedTarget && target.contains(event.relatedTarget) || target.classList.remove("is-dropping"));
  target.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    target.classList.remove("is-dropping");
    take([...event.dataTransfer.files]);
  });
}

const app = new App();
app.start().catch((error) => {
  document.getElementById("app").replaceChildren(el("div", { class: "cannot-start" }, el("h1", { text: "The sandbox does not answer" }), el("p", { text: error.message }), el("button", { type: "button", class: "button button-primary", text: "Try again", onclick: () => location.reload() })));
  throw error;
});
