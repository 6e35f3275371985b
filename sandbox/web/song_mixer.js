// The mixer: for each layer mute, solo, lock, level and pan. Knows a cleaned song and sends the bot's own commands;
// what is true afterwards is what the next card says.

import { el, icon } from "./dom.js";

const SETTLE_MS = 4000;
const KEY_PAUSE_MS = 350; // a key pressed again and again sends one command
const LEVEL = { min: -24, max: 6 };
const PAN = { min: -100, max: 100 };

export class SongMixer {
  #rows = new Map(); // layer id -> row
  #song = null;

  /** `commands`: see song_commands.js; `run(promise)` says what came of it. */
  constructor({ commands, run }) {
    this.commands = commands;
    this.run = run;
    this.node = el("div", { class: "song-mixer", role: "group", "aria-label": "Mixer", testid: "song-mixer" });
  }

  draw(song) {
    this.#song = song;
    for (const layerId of this.#rows.keys()) if (!song.layers.some(({ id }) => id === layerId)) this.#rows.delete(layerId);
    const rows = song.layers.map((layer) => this.#row(layer));
    rows.forEach((row, index) => row.show(song.layers[index], this.#abilities()));
    const nodes = rows.map(({ node }) => node);
    // Rows stay where they are as long as they can: one of them may hold the focus, or a slider under a finger.
    if (nodes.length !== this.node.children.length || nodes.some((node, index) => this.node.children[index] !== node)) this.node.replaceChildren(...nodes);
  }

  #abilities() {
    const can = (what) => Boolean(this.commands.option("mix", what));
    const isLockable = Boolean(this.commands.find("lock"));
    const range = (what, otherwise) => {
      const option = this.commands.option("mix", what);
      return { min: option?.min_value ?? otherwise.min, max: option?.max_value ?? otherwise.max };
    };
    return { mute: can("mute"), solo: can("solo"), lock: isLockable, levelDb: can("levelDb"), pan: can("pan"), levels: range("levelDb", LEVEL), pans: range("pan", PAN) };
  }

  #row(layer) {
    if (!this.#rows.has(layer.id)) this.#rows.set(layer.id, new Row(layer, (change) => this.#send(layer.id, change)));
    return this.#rows.get(layer.id);
  }

  #send(layerId, change) {
    const song = this.#song;
    const layer = song.layers.find(({ id }) => id === layerId);
    const canSay = this.commands.option("lock", "lock");
    const isUnlock = change.lock === false && !canSay && this.commands.find("unlock");
    const wish = "lock" in change ? (isUnlock ? "unlock" : "lock") : "mix";
    // What was refused goes back to where it was, at once or when no new card has come of it.
    return this.run(this.commands.send(wish, { layer, ...change }, { song })).then((problem) => setTimeout(() => this.draw(this.#song), problem ? 0 : SETTLE_MS));
  }
}

class Row {
  #layer;
  #isHeld = false;
  #timers = new Map(); // control -> timer of a change on its way

  constructor(layer, send) {
    this.send = send;
    this.name = el("span", { class: "song-mix-name" });
    this.who = el("span", { class: "song-mix-who" });
    this.mute = this.#toggle("M", "mute", "isMuted");
    this.solo = this.#toggle("S", "solo", "isSolo");
    this.lock = this.#toggle(icon("lock", 15), "lock", "isLocked");
    this.level = this.#slider("levelDb", 0.5);
    this.pan = this.#slider("pan", 1);
    this.levelText = el("output", { class: "song-mix-value" });
    this.panText = el("output", { class: "song-mix-value" });
    const slider = (label, input, output) => el("label", { class: "song-mix-slider" }, el("span", { text: label }), input, output);
    this.node = el("div", { class: "song-mix-row", role: "group", testid: "song-mix" }, el("div", { class: "song-mix-head" }, this.name, this.who), el("div", { class: "song-mix-toggles" }, this.mute, this.solo, this.lock), slider("Level", this.level, this.levelText), slider("Pan", this.pan, this.panText));
    this.#layer = layer;
  }

  #toggle(sign, what, key) {
    return el("button", { type: "button", class: "song-toggle", testid: `song-${what}`, onclick: () => this.#act({ [what]: !this.#layer[key] }, this[what]) }, sign);
  }

  #slider(what, step) {
    const input = el("input", { type: "range", step, testid: `song-${what === "pan" ? "pan" : "level"}` });
    input.addEventListener("pointerdown", () => {
      this.#isHeld = true;
    });
    for (const name of ["pointerup", "pointercancel"]) input.addEventListener(name, () => {
      this.#isHeld = false;
    });
    input.addEventListener("input", () => this.#showValues());
    input.addEventListener("change", () => {
      clearTimeout(this.#timers.get(input));
      this.#timers.set(input, setTimeout(() => {
        this.#timers.delete(input);
        this.#act({ [what]: Number(input.value) }, input);
      }, KEY_PAUSE_MS));
    });
    return input;
  }

  async #act(change, control) {
    control.setAttribute("aria-busy", "true");
    await this.send(change);
    control.removeAttribute("aria-busy");
  }

  show(layer, can) {
    this.#layer = layer;
    const { name } = layer;
    this.node.setAttribute("aria-label", `${name}${layer.owner ? `, owned by ${layer.owner}` : ""}`);
    this.name.textContent = `${layer.number} ${name}`;
    // A layer is often called after what plays it: once is enough.
    const isNamedSo = name.toLowerCase().startsWith(layer.instrument.toLowerCase());
    this.who.textContent = [isNamedSo ? "" : layer.instrument, layer.owner].filter(Boolean).join(" · ");
    const words = { mute: [layer.isMuted, "Mute", "Unmute"], solo: [layer.isSolo, "Solo", "End solo of"], lock: [layer.isLocked, "Lock", "Unlock"] };
    for (const [what, [isOn, on, off]] of Object.entries(words)) {
      const control = this[what];
      control.disabled = !can[what];
      control.setAttribute("aria-pressed", String(isOn));
      control.setAttribute("aria-label", `${isOn ? off : on} ${name}`);
      control.title = can[what] ? `${isOn ? off : on} ${name}` : "This bot has no command for that.";
    }
    Object.assign(this.level, can.levels);
    Object.assign(this.pan, can.pans);
    this.level.disabled = !can.levelDb;
    this.pan.disabled = !can.pan;
    this.level.setAttribute("aria-label", `Level of ${name} in decibels`);
    this.pan.setAttribute("aria-label", `Place of ${name} between left and right`);
    if (this.#isHeld || this.#timers.size) return;
    this.level.value = String(layer.levelDb);
    this.pan.value = String(layer.pan);
    this.#showValues(layer.levelDb, layer.pan);
  }

  #showValues(level = Number(this.level.value), pan = Number(this.pan.value)) {
    const side = pan < 0 ? "left" : "right";
    this.levelText.textContent = `${level > 0 ? "+" : ""}${level} dB`;
    this.panText.textContent = pan ? `${Math.abs(pan)} ${side[0].toUpperCase()}` : "middle";
    this.level.setAttribute("aria-valuetext", `${level} decibels`);
    this.pan.setAttribute("aria-valuetext", pan ? `${Math.abs(pan)} ${side}` : "middle");
  }
}
