// What sounds while its message is out of sight: a small bar in the head with pause and the way back. Knows one player.

import { el, icon, iconButton } from "./dom.js";
import { playerOf } from "./players.js";

export class NowPlaying {
  #player = null;

  constructor() {
    this.name = el("button", { type: "button", class: "now-playing-name", title: "Show where this sounds", onclick: () => this.#show() });
    const pause = iconButton("pause", "Pause what sounds", { testid: "now-playing-pause", onclick: () => this.#player?.pause() });
    this.node = el("div", { class: "now-playing", role: "group", "aria-label": "Now playing", hidden: true, testid: "now-playing" }, pause, this.name);
    this.observer = new IntersectionObserver((entries) => this.#look(entries.at(-1)));
    // Events of media do not bubble, but they can be caught on their way down.
    document.addEventListener("play", (event) => this.#take(event.target), { capture: true });
    document.addEventListener("pause", (event) => event.target === this.#player?.audio && this.#leave(), { capture: true });
  }

  #take(audio) {
    const card = audio.closest(".player");
    if (!card) return;
    this.#leave();
    this.#player = playerOf(card);
    this.name.replaceChildren(icon("music", 15), el("span", { text: this.#player.name }));
    this.observer.observe(card);
  }

  #leave() {
    this.observer.disconnect();
    this.#player = null;
    this.node.hidden = true;
  }

  #look({ isIntersecting, target }) {
    this.node.hidden = isIntersecting || !target.isConnected || !this.#player;
  }

  #show() {
    const { card } = this.#player;
    card.scrollIntoView({ block: "center" });
    card.querySelector("button").focus({ preventScroll: true });
  }
}
