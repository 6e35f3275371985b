// Interactions on their way: sent, then answered over the socket. Pairs the two; draws nothing.

import { sendInteraction } from "./api.js";

const GIVE_UP_MS = 15_000; // the server itself reports after 3 s; this is for a lost connection
const MAX_EARLY = 64;
const ANSWERS = new Set(["interaction_acknowledged", "interaction_failed", "autocomplete_choices", "modal_open"]);

export class Interactions {
  #waiting = new Map(); // interaction id -> function that takes the outcome
  #early = new Map(); // outcomes that overtook the reply to our own request

  constructor({ onModal }) {
    this.onModal = onModal;
  }

  /** Send one interaction and wait for its outcome event. Rejects with ApiError when the server refuses it. */
  async run(payload, files = []) {
    const { interaction_id: id } = await sendInteraction(payload, files);
    const early = this.#early.get(id);
    if (early) {
      this.#early.delete(id);
      return early;
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle(id, { type: "interaction_failed", text: "The application did not respond" }), GIVE_UP_MS);
      this.#waiting.set(id, (outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      });
    });
  }

  /** Take one event of the socket; returns whether it was an interaction's. */
  take(event) {
    if (!ANSWERS.has(event.type)) return false;
    if (event.type === "modal_open") this.onModal(event);
    if (event.response === "choices") return true; // the choices themselves follow in an event of their own
    this.#settle(event.interaction_id, event);
    return true;
  }

  #settle(id, outcome) {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (settle) settle(outcome);
    else {
      this.#early.set(id, outcome);
      if (this.#early.size > MAX_EARLY) this.#early.delete(this.#early.keys().next().value);
    }
  }
}
