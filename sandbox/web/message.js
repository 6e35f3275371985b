// One message on the page. Redraws only the parts that changed, so a playing audio plays on through an edit.

import { avatar, el, icon, iconButton } from "./dom.js";
import { renderAttachments, stemOf } from "./attachments.js";
import { optionsOf, renderComponents } from "./components.js";
import { renderEmbeds } from "./embeds.js";
import { renderMarkdown } from "./markdown.js";
import { playerOf } from "./players.js";
import { followRolls } from "./roll.js";
import { clock, timestamp } from "./time.js";

const COMMAND_TYPES = new Set([20, 23]); // reply to a slash command, to a menu command
const SYSTEM_TEXT = { 4: "changed the name of this thread", 6: "pinned a message", 7: "joined", 18: "started a thread" };

/** The start of a message in one line of plain text, for quotes and labels. */
export function summary(message, length = 90) {
  const text = message.content || message.embeds?.[0]?.title || message.embeds?.[0]?.description || "";
  const plain = withoutMarks(text, message.mentions ?? []).replace(/\s+/gu, " ").trim();
  if (plain) return plain.length > length ? `${plain.slice(0, length)}…` : plain;
  if (message.is_thinking) return "is thinking…";
  return message.attachments?.length ? message.attachments.map((attachment) => attachment.filename).join(", ") : "a message";
}

function withoutMarks(text, mentions) {
  const nameOf = (id) => {
    const user = mentions.find((each) => each.id === id);
    return user?.name ?? user?.global_name ?? user?.username ?? "somebody";
  };
  const words = text.replace(/<@!?(\d+)>/gu, (_, id) => `@${nameOf(id)}`).replace(/<@&\d+>/gu, "@role").replace(/<#\d+>/gu, "a channel").replace(/<t:[^>]*>/gu, "").replace(/<\/([^:>]+):\d+>/gu, "/$1");
  return words.replace(/[*_`~|>#]/gu, "");
}

export class MessageView {
  #parts = new Map(); // name -> {signature, node}
  #failure = "";
  #rolls = []; // of pictures that tell their times, as followRolls gives them

  /** `page`: {store, actions}. */
  constructor(message, page) {
    this.page = page;
    this.main = el("div", { class: "message-main" });
    this.lead = el("div", { class: "message-lead" });
    this.node = el("article", { class: "message", id: `message-${message.id}`, tabindex: -1, testid: "message", "data-message-id": message.id }, this.lead, this.main, this.#toolbar());
    this.node.addEventListener("contextmenu", (event) => this.#onContextMenu(event));
    // Events of media do not bubble, but they can be caught on their way down.
    for (const name of ["play", "seeked"]) this.node.addEventListener(name, (event) => this.#onSound(event), { capture: true });
    this.update(message);
  }

  update(message) {
    this.message = message;
    const { store } = this.page;
    const author = store.person(message.author);
    this.author = author;
    const { names } = store;
    this.node.classList.toggle("is-ephemeral", Boolean(message.is_ephemeral));
    this.node.classList.toggle("is-thinking", Boolean(message.is_thinking));
    this.node.classList.toggle("mentions-me", (message.mentions ?? []).some((user) => user.id === store.me?.id));
    this.node.setAttribute("aria-label", `${author.name}, ${clock(Date.parse(message.timestamp))}: ${summary(message)}`);
    this.#part("avatar", [author], () => el("div", { class: "message-avatar" }, avatar(author)), this.lead);
    this.#part("origin", [message.referenced_message, message.message_reference, message.interaction_metadata, message.type], () => this.#origin());
    this.#part("head", [author, message.timestamp], () => this.#head());
    this.#part("body", [message.content, message.is_thinking, message.edited_timestamp, message.type, store.users.size], () => this.#body(names));
    const heard = this.#players().find(({ isPlaying }) => isPlaying);
    const seconds = heard?.seconds;
    this.#part("attachments", [message.attachments, (message.embeds ?? []).map((embed) => embed.image?.url)], () => renderAttachments(message.attachments, message.embeds));
    this.#part("embeds", [message.embeds, message.attachments.map((attachment) => attachment.description)], () => renderEmbeds(message.embeds, message.attachments, names));
    this.#part("components", [message.components], () => renderComponents(message.components, this.#componentContext()));
    this.#part("thread", [message.thread], () => this.#thread());
    this.#part("reactions", [message.reactions], () => this.#reactions());
    this.#part("failure", [this.#failure], () => this.#failureLine());
    this.#part("note", [message.is_ephemeral], () => this.#ephemeralNote());
    if (heard && !heard.card.isConnected) this.#playOn(seconds);
    this.#findRolls();
  }

  // Whoever hears the first bars of a piece in the making hears it go on when the whole of it takes their place.
  #playOn(seconds) {
    const players = this.#players();
    const next = players.length > 1 ? players.find(({ attachment }) => /[-_]after$/iu.test(stemOf(attachment.filename))) : players[0];
    next?.playFrom(seconds);
  }

  #players() {
    return [...this.node.querySelectorAll(".player")].map(playerOf);
  }

  // A roll goes with the sound of its own name; of several in one picture each with the sound in its place; else one
  // roll goes with every sound of the message, as with before and after.
  #findRolls() {
    this.#rolls = this.#rolls.filter(({ frame }) => this.node.contains(frame));
    if (!this.#players().length) return;
    for (const frame of this.node.querySelectorAll(".picture-frame:not([data-is-read])")) {
      frame.dataset.isRead = "";
      const stem = stemOf(frame.dataset.filename);
      const playersOf = (index, count) => {
        const all = this.#players();
        const own = all.filter(({ attachment }) => stemOf(attachment.filename) === stem);
        if (own.length) return own;
        return count > 1 ? all.slice(index, index + 1) : all;
      };
      followRolls(frame, playersOf).then((rolls) => {
        this.#rolls.push(...rolls);
        for (const roll of rolls) if (roll.players().some(({ isPlaying }) => isPlaying)) roll.start();
      });
    }
  }

  #onSound(event) {
    const players = this.#players();
    const player = players.find(({ audio }) => audio === event.target);
    if (event.type === "play") for (const each of players) each.wasLast = each === player;
    for (const roll of this.#rolls.filter(({ players: its }) => its().includes(player))) {
      if (player.isPlaying) roll.start();
      else roll.show(player.seconds);
    }
  }

  /** Say under the message that a press was not answered; an empty sentence takes it away. */
  fail(sentence) {
    this.#failure = sentence;
    this.update(this.message);
  }

  // Draw a part anew when its inputs changed, keeping the parts' order of first appearance.
  #part(name, inputs, render, parent = this.main) {
    const signature = JSON.stringify(inputs);
    const before = this.#parts.get(name);
    if (before?.signature === signature) return;
    const node = render() ?? document.createComment(name);
    if (before) before.node.replaceWith(node);
    else parent.append(node);
    this.#parts.set(name, { signature, node });
  }

  #origin() {
    const { message, page } = this;
    const used = message.interaction_metadata;
    if (used && (COMMAND_TYPES.has(message.type) || used.name)) {
      const user = page.store.person(used.user);
      return el("div", { class: "origin", testid: "origin" }, avatar(user, "tiny"), el("strong", { text: user.name }), " used ", el("span", { class: "origin-command", text: `${used.type === 2 && message.type === 23 ? "" : "/"}${used.name}` }));
    }
    if (!message.message_reference || message.type in SYSTEM_TEXT) return null;
    const quoted = message.referenced_message;
    if (!quoted) return el("div", { class: "origin" }, icon("reply", 14), el("em", { text: "The original message was deleted." }));
    const user = page.store.person(quoted.author);
    return el(
      "button",
      { type: "button", class: "origin origin-quote", testid: "quote", onclick: () => page.actions.jump(quoted.channel_id ?? message.channel_id, quoted.id) },
      avatar(user, "tiny"),
      el("strong", { text: user.name }),
      el("span", { class: "quote-text", text: summary(quoted) }),
    );
  }

  #head() {
    const { author, message } = this;
    const time = timestamp(Date.parse(message.timestamp), "f");
    time.textContent = clock(Date.parse(message.timestamp));
    return el("header", { class: "message-head" }, el("span", { class: "author", text: author.name }), author.bot ? el("span", { class: "badge", text: "APP" }) : null, time);
  }

  #body(names) {
    const { message, author } = this;
    if (message.is_thinking) {
      return el("div", { class: "thinking", role: "status", testid: "thinking" }, el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), `${author.name} is thinking…`);
    }
    if (message.type in SYSTEM_TEXT) return this.#systemText();
    if (!message.content) return null;
    const body = el("div", { class: "markdown message-text", testid: "content" }, renderMarkdown(message.content, names));
    if (message.edited_timestamp) body.append(el("span", { class: "edited", title: `Edited ${clock(Date.parse(message.edited_timestamp))}`, text: " (edited)" }));
    return body;
  }

  // What Discord itself says: it leads to the message or the thread that it is about.
  #systemText() {
    const { message, page } = this;
    const { channel_id: channelId, message_id: messageId } = message.message_reference ?? {};
    const text = [SYSTEM_TEXT[message.type], message.content].filter(Boolean).join(": ");
    const lead = (label, go) => el("button", { type: "button", class: "text-button", text: label, testid: "system-link", onclick: go });
    const link = messageId ? lead("Show it", () => page.actions.jump(channelId, messageId)) : channelId ? lead("Open it", () => page.actions.open(channelId)) : null;
    return el("div", { class: "system-text", testid: "system-text" }, text, link ? [" · ", link] : null);
  }

  #componentContext() {
    const { store, actions } = this.page;
    return {
      names: store.names,
      attachments: this.message.attachments,
      selectOptions: (component) => optionsOf(component, store),
      press: (customId, values) => actions.press(this, customId, values),
    };
  }

  #thread() {
    const { thread } = this.message;
    if (!thread) return null;
    return el("button", { type: "button", class: "thread-link", onclick: () => this.page.actions.open(thread.id) }, icon("thread", 16), thread.name);
  }

  #reactions() {
    const { message, page } = this;
    if (!message.reactions?.length) return null;
    const one = ({ emoji, count, user_ids: userIds }) => {
      const sign = emoji.name ?? emoji;
      const isMine = userIds.includes(page.store.me.id);
      const who = userIds.map((id) => page.store.names.user(id)).filter(Boolean).join(", ");
      return el("button", { type: "button", class: "reaction", "aria-pressed": String(isMine), title: who, onclick: () => page.actions.react(message, sign, isMine) }, `${sign} ${count}`);
    };
    return el("div", { class: "reactions" }, message.reactions.map(one));
  }

  #failureLine() {
    if (!this.#failure) return null;
    return el("p", { class: "failure", role: "alert", testid: "failure" }, icon("warning", 16), this.#failure);
  }

  #ephemeralNote() {
    if (!this.message.is_ephemeral) return null;
    return el("p", { class: "ephemeral-note", testid: "ephemeral" }, icon("eye", 14), "Only you can see this · ", el("button", { type: "button", class: "text-button", text: "Dismiss message", onclick: () => this.page.actions.remove(this.message) }));
  }

  #toolbar() {
    const { actions } = this.page;
    const more = iconButton("dots", "More and apps", { class: "more", testid: "more", tabindex: -1, "aria-haspopup": "menu", onclick: () => actions.menu(this, more.getBoundingClientRect()) });
    return el("div", { class: "toolbar" }, iconButton("reply", "Reply", { testid: "reply", tabindex: -1, onclick: () => actions.reply(this.message) }), more);
  }

  #onContextMenu(event) {
    // A right press on a link, a selection or a field keeps the browser's own menu.
    if (event.target.closest("a, input, textarea, dialog") || !getSelection().isCollapsed) return;
    event.preventDefault();
    const isKey = event.clientX === 0 && event.clientY === 0;
    const box = isKey ? this.main.getBoundingClientRect() : new DOMRect(event.clientX, event.clientY, 0, 0);
    this.page.actions.menu(this, box);
  }
}
