// A cursor over a piano roll while its sound plays; a press on the roll seeks. Knows the text chunk "tutti-roll" that a
// PNG may carry (rolls with bars as [second, x] in pixels) and players; a picture without the chunk stays as it is.

import { el, icon } from "./dom.js";

const CHUNK = "tutti-roll";
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** The text chunk of this name in the bytes of a PNG, or null. */
export function textChunk(bytes, name) {
  const view = new DataView(bytes);
  if (view.byteLength < 8 || SIGNATURE.some((byte, index) => view.getUint8(index) !== byte)) return null;
  const latin = new TextDecoder("latin1");
  for (let at = 8; at + 12 <= view.byteLength; ) {
    const length = view.getUint32(at);
    const kind = latin.decode(bytes.slice(at + 4, at + 8));
    if (kind === "IDAT" || at + 12 + length > view.byteLength) return null; // such words come before the picture
    if (kind === "tEXt") {
      const text = latin.decode(bytes.slice(at + 8, at + 8 + length));
      const end = text.indexOf("\0");
      if (text.slice(0, end) === name) return text.slice(end + 1);
    }
    at += 12 + length;
  }
  return null;
}

const isRoll = ({ top, bottom, bars }) =>
  bottom > top && bars.length > 1 && bars.every(([second, x], index) => Number.isFinite(second) && Number.isFinite(x) && (!index || (second >= bars[index - 1][0] && x >= bars[index - 1][1])));

/** The times of a picture, {width, height, rolls: [{top, bottom, bars}]}, or null when there are none that make sense. */
export function readTimes(bytes) {
  try {
    const times = JSON.parse(textChunk(bytes, CHUNK) ?? "null");
    return times && times.width > 0 && times.height > 0 && times.rolls.length && times.rolls.every(isRoll) ? times : null;
  } catch {
    return null; // words of somebody else's making
  }
}

/** From seconds to x (`from` 0, `to` 1) or from x to seconds, along the bars; beyond them, their ends. */
export function along(bars, value, from, to) {
  if (value <= bars[0][from]) return bars[0][to];
  const next = bars.findIndex((bar) => bar[from] > value);
  if (next < 0) return bars.at(-1)[to];
  const [left, right] = [bars[next - 1], bars[next]];
  return left[to] + ((value - left[from]) / (right[from] - left[from])) * (right[to] - left[to]);
}

/**
 * Put cursors over a picture frame of lightbox.js, if its file tells times. `playersOf(index, count)` gives the players
 * (see players.js) that sound what the roll of this index draws, first the one that a press starts. Resolves with
 * rolls as {frame, players(), start(), show(seconds)}, none for other pictures.
 */
export async function followRolls(frame, playersOf) {
  const image = frame.querySelector("img");
  const answer = await fetch(image.src, { cache: "force-cache" }).catch(() => null);
  const times = answer?.ok ? readTimes(await answer.arrayBuffer()) : null;
  if (!times || !frame.isConnected) return [];
  // The picture's own button opens it too; this one is for the pointer, which the rolls keep from that button.
  frame.append(el("button", { type: "button", class: "roll-enlarge", tabindex: -1, "aria-hidden": "true", title: "Enlarge", onclick: () => frame.querySelector(".picture").click() }, icon("enlarge", 15)));
  return times.rolls.map((roll, index) => followRoll(frame, times, roll, () => playersOf(index, times.rolls.length)));
}

const share = (value, whole) => `${(100 * value) / whole}%`;

function followRoll(frame, { width: fullWidth, height: fullHeight }, { top, bottom, bars }, players) {
  const bar = el("div", { class: "roll-bar", hidden: true });
  const cursor = el("div", { class: "roll-cursor", hidden: true });
  // The slider of the player does the same by keyboard and for screen readers.
  const surface = el("div", { class: "roll", "aria-hidden": "true", testid: "roll", title: "Press to play from here" }, bar, cursor);
  const left = bars[0][1];
  const width = bars.at(-1)[1] - left;
  const place = { left: share(left, fullWidth), width: share(width, fullWidth), top: share(top, fullHeight), height: share(bottom - top, fullHeight) };
  for (const [name, value] of Object.entries(place)) surface.style.setProperty(name, value);
  frame.append(surface);

  const show = (seconds) => {
    const x = along(bars, seconds, 0, 1);
    const index = Math.max(0, Math.min(bars.length - 2, bars.findLastIndex((entry) => entry[1] <= x)));
    cursor.style.setProperty("left", share(x - left, width));
    bar.style.setProperty("left", share(bars[index][1] - left, width));
    bar.style.setProperty("width", share(bars[index + 1][1] - bars[index][1], width));
    cursor.hidden = bar.hidden = false;
  };
  let isRunning = false;
  const step = () => {
    const player = players().find(({ isPlaying }) => isPlaying);
    isRunning = Boolean(player) && frame.isConnected;
    surface.classList.toggle("is-playing", isRunning);
    if (!isRunning) return;
    show(player.seconds);
    requestAnimationFrame(step);
  };
  const start = () => {
    if (!isRunning) step();
  };
  const seek = (event) => {
    const box = surface.getBoundingClientRect();
    const seconds = along(bars, left + ((event.clientX - box.left) / box.width) * width, 1, 0);
    const all = players();
    const player = all.find(({ isPlaying }) => isPlaying) ?? all.find(({ wasLast }) => wasLast) ?? all[0];
    player?.playFrom(seconds);
    show(seconds);
  };
  surface.addEventListener("click", (event) => event.button === 0 && seek(event));
  surface.addEventListener("pointermove", (event) => event.buttons === 1 && seek(event));
  return { frame, players, start, show };
}
