// Dates and durations as people read them. Knows nothing of messages.

import { el } from "./dom.js";

const FORMATS = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};
// Making a formatter is slow, and a long channel asks for hundreds of times.
const formatters = new Map();
function format(style, ms) {
  const key = JSON.stringify(style);
  if (!formatters.has(key)) formatters.set(key, new Intl.DateTimeFormat(undefined, style));
  return formatters.get(key).format(ms);
}

const STEPS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** "2 minutes ago", "in 3 days". */
export function relative(ms, now = Date.now()) {
  const seconds = Math.round((ms - now) / 1000);
  const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? STEPS.at(-1);
  return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
}

/** A <time> in one of Discord's styles; R (relative) is brought up to date by `refreshTimes`. */
export function timestamp(ms, style) {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return "unknown time";
  const full = format(FORMATS.F, ms);
  const text = style === "R" ? relative(ms) : format(FORMATS[style], ms);
  return el("time", { class: "timestamp", datetime: date.toISOString(), title: full, "data-relative": style === "R" ? ms : null, text });
}

/** The short time beside an author's name: today only the clock, otherwise the date too. */
export function clock(ms) {
  const isToday = new Date(ms).toDateString() === new Date().toDateString();
  return format(isToday ? FORMATS.t : { dateStyle: "short", timeStyle: "short" }, ms);
}

/** "Sunday, 22 November 2026": the line between two days. */
export function dayName(ms) {
  return format({ dateStyle: "full" }, ms);
}

/** Seconds as a player shows them: 0:07, 3:05, 1:02:03. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "-:--";
  const whole = Math.floor(seconds);
  const tail = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${tail}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${tail}`;
}

/** Bytes as people read them: 812 B, 12.4 kB, 3.1 MB. */
export function fileSize(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Bring every relative time on the page up to date. */
export function refreshTimes(root = document) {
  for (const node of root.querySelectorAll("time[data-relative]")) node.textContent = relative(Number(node.dataset.relative));
}
