// Says to screen readers what happens in the open channel: new messages, and how far the bot is. Draws nothing.
// Progress is said at a calm pace, its end always; a live region over the log itself would read out every edit.

import { announce } from "./dom.js";
import { summary } from "./message.js";

const PACE_MS = 4000;

export class Narrator {
  #timers = new Map(); // message id -> timer of what will be said
  #said = new Map(); // message id -> what was said last

  constructor(store) {
    this.store = store;
    store.on("message", ({ channelId, message, isNew }) => channelId === store.currentId && this.#hear(message, isNew));
    store.on("select", () => this.#forget());
  }

  #hear(message, isNew) {
    if (message.author.id === this.store.me?.id) return;
    if (isNew) {
      this.#say(message);
      return;
    }
    if (this.#timers.has(message.id)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(message.id);
      const newest = this.store.message(message.channel_id, message.id);
      if (newest) this.#say(newest);
    }, PACE_MS);
    this.#timers.set(message.id, timer);
  }

  #say(message) {
    const { name } = this.store.person(message.author);
    const sentence = message.is_thinking ? `${name} is thinking…` : `${name}: ${spoken(message)}`;
    if (this.#said.get(message.id) === sentence) return;
    this.#said.set(message.id, sentence);
    announce(sentence);
  }

  #forget() {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#said.clear();
  }
}

// A bar of blocks is nothing to listen to; how many sounds and pictures there are is.
function spoken(message) {
  const [embed] = message.embeds ?? [];
  const lines = [message.content ? summary({ ...message, embeds: [] }, 300) : null, embed?.title, embed?.description?.split("\n")[0]];
  const text = lines.filter(Boolean).join(". ").replace(/[\u2580-\u25ff*_`~|>#]+/gu, " ").replace(/\s+/gu, " ").trim();
  const files = message.attachments?.length ? `${message.attachments.length} ${message.attachments.length > 1 ? "files" : "file"}` : null;
  return [text || (files ? null : summary(message)), files].filter(Boolean).join(", ");
}
