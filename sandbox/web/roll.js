// A cursor over a piano roll while its sound plays; a press on the roll seeks. Knows the text chunk "tutti-roll" that a
// PNG may carry (bars as [second, x] in pixels) and players; a picture without the chunk stays as it is.

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

/** The times of a roll, {width, height, top, bottom, bars}, or null when there are none that make sense. */
export function readTimes(bytes) {
  try {
    const times = JSON.parse(textChunk(bytes, CHUNK) ?? "null");
    const isGood = times && times.width > 0 && times.height > 0 && times.bottom > times.top && times.bars.length > 1 && times.bars.every(([second, x], index, all) => Number.isFinite(second) && Number.isFinite(x) && (!index || (second >= all[index - 1][0] && x >= all[index - 1][1])));
    return isGood ? times : null;
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
 * Put the cursor over a picture frame of lightbox.js, if its file tells times. `playersOf()` gives the players (see
 * players.js) that sound what is drawn, the first one being the one that a press starts.
 */
export async function followRoll(frame, playersOf) {
  const image = frame.querySelector("img");
  const answer = await fetch(image.src, { cache: "force-cache" }).catch(() => null);
  const times = answer?.ok ? readTimes(await answer.arrayBuffer()) : null;
  if (!times || !frame.isConnected) return null;
  const bar = el("div", { class: "roll-bar", hidden: true });
  const cursor = el("div", { class: "roll-cursor", hidden: true });
  // The slider of the player does the same by keyboard and for screen readers.
  const surface = el("div", { class: "roll", "aria-hidden": "true", testid: "roll", title: "Press to play from here" }, bar, cursor);
  const share = (value, whole) => `${(100 * value) / whole}%`;
  const left = times.bars[0][1];
  const width = times.bars.at(-1)[1] - left;
  const place = { left: share(left, times.width), width: share(width, times.width), top: share(times.top, times.height), height: share(times.bottom - times.top, times.height) };
  for (const [name, value] of Object.entries(place)) surface.style.setProperty(name, value);
  // The picture's own button opens it too; this one is for the pointer, which the surface keeps from that button.
  const enlarge = el("button", { type: "button", class: "roll-enlarge", tabindex: -1, "aria-hidden": "true", title: "Enlarge", onclick: () => frame.querySelector(".picture").click() }, icon("enlarge", 15));
  frame.append(surface, enlarge);

  const show = (seconds) => {
    const x = along(times.bars, seconds, 0, 1);
    const index = Math.max(0, times.bars.findLastIndex((entry) => entry[1] <= x));
    const [start, stop] = [times.bars[Math.min(index, times.bars.length - 2)], times.bars[Math.min(index + 1, times.bars.length - 1)]];
    cursor.style.setProperty("left", share(x - left, width));
    bar.style.setProperty("left", share(start[1] - left, width));
    bar.style.setProperty("width", share(stop[1] - start[1], width));
    cursor.hidden = bar.hidden = false;
  };
  let isRunning = false;
  const step = () => {
    const player = playersOf().find(({ isPlaying }) => isPlaying);
    isRunning = Boolean(player) && frame.isConnected;
    frame.classList.toggle("is-playing", isRunning);
    if (!isRunning) return;
    show(player.seconds);
    requestAnimationFrame(step);
  };
  const start = () => {
    if (!isRunning) step();
  };
  const seek = (event) => {
    const box = surface.getBoundingClientRect();
    const seconds = along(times.bars, left + ((event.clientX - box.left) / box.width) * width, 1, 0);
    const players = playersOf();
    const player = players.find(({ isPlaying }) => isPlaying) ?? players.find(({ wasLast }) => wasLast) ?? players[0];
    player?.playFrom(seconds);
    show(seconds);
  };
  surface.addEventListener("click", (event) => event.button === 0 && seek(event));
  surface.addEventListener("pointermove", (event) => event.buttons === 1 && seek(event));
  return { start, show };
}
