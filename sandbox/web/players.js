// The audio player of an attachment: plays in place, seeks, shows time. Knows files and seconds, nothing of messages.

import { el, icon, iconButton } from "./dom.js";
import { duration, fileSize } from "./time.js";

const players = new WeakMap(); // card -> Player
let playing = null; // only one player sounds at a time

/** The player that a card of `audioPlayer` stands for. */
export const playerOf = (card) => players.get(card);

/** A player for one audio attachment: {url, filename, size, duration_secs?, description?}; `title` is said before its name. */
export function audioPlayer(attachment, { title = null } = {}) {
  const player = new Player(attachment, title);
  players.set(player.card, player);
  return player.card;
}

class Player {
  wasLast = false; // the one that sounded last in its message
  #isSeeking = false;

  constructor(attachment, title) {
    this.attachment = attachment;
    this.name = title ?? attachment.filename;
    this.audio = el("audio", { preload: "metadata", src: attachment.url });
    this.toggle = iconButton("play", `Play ${this.name}`, { class: "player-toggle", testid: "player-toggle" });
    this.slider = el("input", { type: "range", class: "player-seek", min: 0, max: 1000, step: 1, value: 0, "aria-label": `Position in ${this.name}`, testid: "player-seek" });
    this.clock = el("span", { class: "player-time", testid: "player-time", text: `0:00 / ${duration(attachment.duration_secs ?? NaN)}` });
    this.mute = iconButton("volume", `Mute ${this.name}`, { class: "player-mute" });
    this.card = this.#build(title);
    this.#wire();
    this.#showState();
  }

  #build(title) {
    const { attachment } = this;
    return el(
      "div",
      { class: "player", role: "group", "aria-label": `Audio: ${title ? `${title}, ` : ""}${attachment.description || attachment.filename}`, testid: "player" },
      this.audio,
      this.toggle,
      el(
        "div",
        { class: "player-body" },
        el(
          "div",
          { class: "player-head" },
          title ? el("strong", { class: "player-title", text: title }) : null,
          el("a", { class: "file-name", href: attachment.url, download: attachment.filename, title: `Download ${attachment.filename}`, text: attachment.filename }),
          el("span", { class: "file-size", text: fileSize(attachment.size) }),
        ),
        el("div", { class: "player-line" }, this.slider, this.clock, this.mute),
      ),
    );
  }

  get isPlaying() {
    return !this.audio.paused;
  }

  get seconds() {
    return this.audio.currentTime;
  }

  /** Seconds in all; NaN while unknown. */
  get length() {
    return Number.isFinite(this.audio.duration) ? this.audio.duration : this.attachment.duration_secs ?? NaN;
  }

  /** Sound from here on; whatever else sounds stops. */
  playFrom(seconds) {
    this.jump(seconds);
    if (!this.isPlaying) this.play();
  }

  play() {
    if (playing && playing !== this.audio) playing.pause();
    playing = this.audio;
    // Refused when the file turns out broken; the error listener has said so by then.
    this.audio.play().catch(() => {});
  }

  pause() {
    this.audio.pause();
  }

  jump(seconds) {
    const most = Number.isFinite(this.length) ? this.length : seconds;
    this.audio.currentTime = Math.max(0, Math.min(most, seconds));
  }

  #show() {
    const { audio, slider } = this;
    const total = this.length;
    const share = total > 0 ? Math.min(audio.currentTime / total, 1) : 0;
    if (!this.#isSeeking) slider.value = String(Math.round(share * 1000));
    slider.style.setProperty("--played", `${(Number(slider.value) / 10).toFixed(1)}%`);
    this.clock.textContent = `${duration(audio.currentTime)} / ${duration(total)}`;
    slider.setAttribute("aria-valuetext", `${duration(audio.currentTime)} of ${duration(total)}`);
  }

  #showState() {
    const { isPlaying, toggle } = this;
    this.card.classList.toggle("is-playing", isPlaying);
    toggle.replaceChildren(icon(isPlaying ? "pause" : "play", 22));
    toggle.setAttribute("aria-label", `${isPlaying ? "Pause" : "Play"} ${this.name}`);
    toggle.title = isPlaying ? "Pause" : "Play";
  }

  #wire() {
    const { audio, slider, mute } = this;
    this.toggle.addEventListener("click", () => (this.isPlaying ? this.pause() : this.play()));
    slider.addEventListener("input", () => {
      this.#isSeeking = true;
      this.jump((Number(slider.value) / 1000) * this.length);
      this.#isSeeking = false;
      this.#show();
    });
    // The range's own steps are thousandths; people want seconds.
    slider.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -5, ArrowRight: 5, ArrowDown: -5, ArrowUp: 5, PageDown: -15, PageUp: 15 };
      if (!(event.key in steps)) return;
      event.preventDefault();
      this.jump(audio.currentTime + steps[event.key]);
    });
    mute.addEventListener("click", () => {
      audio.muted = !audio.muted;
      mute.replaceChildren(icon(audio.muted ? "muted" : "volume"));
      mute.setAttribute("aria-label", `${audio.muted ? "Unmute" : "Mute"} ${this.name}`);
      mute.title = audio.muted ? "Unmute" : "Mute";
    });
    for (const name of ["timeupdate", "durationchange", "seeked"]) audio.addEventListener(name, () => this.#show());
    for (const name of ["play", "pause", "ended"]) audio.addEventListener(name, () => this.#showState());
    audio.addEventListener("error", () => {
      this.card.classList.add("is-broken");
      this.clock.textContent = "This file cannot be played here.";
      this.toggle.disabled = true;
    });
  }
}
