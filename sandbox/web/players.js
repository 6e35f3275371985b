// The audio player of an attachment: plays in place, seeks, shows time. Knows files and seconds, nothing of messages.

import { el, icon, iconButton } from "./dom.js";
import { duration, fileSize } from "./time.js";

let playing = null; // only one player sounds at a time

/** A player for one audio attachment: {url, filename, size, duration_secs?, description?}. */
export function audioPlayer(attachment) {
  const audio = el("audio", { preload: "metadata", src: attachment.url });
  const toggle = iconButton("play", `Play ${attachment.filename}`, { class: "player-toggle", testid: "player-toggle" });
  const seek = el("input", { type: "range", class: "player-seek", min: 0, max: 1000, step: 1, value: 0, "aria-label": "Position", testid: "player-seek" });
  const clock = el("span", { class: "player-time", testid: "player-time", text: `0:00 / ${duration(attachment.duration_secs ?? NaN)}` });
  const mute = iconButton("volume", "Mute", { class: "player-mute" });
  const card = el(
    "div",
    { class: "player", role: "group", "aria-label": `Audio: ${attachment.description || attachment.filename}`, testid: "player" },
    audio,
    toggle,
    el(
      "div",
      { class: "player-body" },
      el(
        "div",
        { class: "player-head" },
        el("a", { class: "file-name", href: attachment.url, download: attachment.filename, title: `Download ${attachment.filename}`, text: attachment.filename }),
        el("span", { class: "file-size", text: fileSize(attachment.size) }),
      ),
      el("div", { class: "player-line" }, seek, clock, mute),
    ),
  );
  wire({ card, audio, toggle, seek, clock, mute, attachment });
  return card;
}

function wire({ card, audio, toggle, seek, clock, mute, attachment }) {
  const length = () => (Number.isFinite(audio.duration) ? audio.duration : attachment.duration_secs ?? NaN);
  let isSeeking = false;

  const show = () => {
    const total = length();
    const share = total > 0 ? Math.min(audio.currentTime / total, 1) : 0;
    if (!isSeeking) seek.value = String(Math.round(share * 1000));
    seek.style.setProperty("--played", `${(Number(seek.value) / 10).toFixed(1)}%`);
    clock.textContent = `${duration(audio.currentTime)} / ${duration(total)}`;
    seek.setAttribute("aria-valuetext", `${duration(audio.currentTime)} of ${duration(total)}`);
  };
  const showState = () => {
    const isPlaying = !audio.paused;
    card.classList.toggle("is-playing", isPlaying);
    toggle.replaceChildren(icon(isPlaying ? "pause" : "play", 22));
    toggle.setAttribute("aria-label", `${isPlaying ? "Pause" : "Play"} ${attachment.filename}`);
    toggle.title = isPlaying ? "Pause" : "Play";
  };
  const jump = (seconds) => {
    if (Number.isFinite(length())) audio.currentTime = Math.max(0, Math.min(length(), seconds));
  };

  toggle.addEventListener("click", () => (audio.paused ? start(audio) : audio.pause()));
  seek.addEventListener("input", () => {
    isSeeking = true;
    jump((Number(seek.value) / 1000) * length());
    isSeeking = false;
    show();
  });
  // The range's own steps are thousandths; people want seconds.
  seek.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -5, ArrowRight: 5, ArrowDown: -5, ArrowUp: 5, PageDown: -15, PageUp: 15 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    jump(audio.currentTime + steps[event.key]);
  });
  mute.addEventListener("click", () => {
    audio.muted = !audio.muted;
    mute.replaceChildren(icon(audio.muted ? "muted" : "volume"));
    mute.setAttribute("aria-label", audio.muted ? "Unmute" : "Mute");
    mute.title = audio.muted ? "Unmute" : "Mute";
  });
  for (const name of ["timeupdate", "durationchange", "seeked"]) audio.addEventListener(name, show);
  for (const name of ["play", "pause", "ended"]) audio.addEventListener(name, showState);
  audio.addEventListener("error", () => {
    card.classList.add("is-broken");
    clock.textContent = "This file cannot be played here.";
    toggle.disabled = true;
  });
  showState();
}

function start(audio) {
  if (playing && playing !== audio) playing.pause();
  playing = audio;
  // Refused when the file turns out broken; the error listener has said so by then.
  audio.play().catch(() => {});
}
