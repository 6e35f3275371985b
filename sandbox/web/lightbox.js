// A picture seen large: a dialog over the page with zoom, and the other pictures of the same message. Knows pictures only.

import { el, icon, iconButton, openDialog } from "./dom.js";

const STEP = 1.5;
const LARGEST = 6;

/** Show the pictures [{url, alt, filename}], beginning with the one at `index`. */
export function openLightbox(pictures, index = 0) {
  const image = el("img", { alt: "" });
  const stage = el("div", { class: "lightbox-stage", tabindex: 0, "aria-label": "Picture, zoom with plus and minus", role: "group" }, image);
  const text = el("p", { testid: "lightbox-text" });
  const link = el("a", { class: "quiet-link" }, icon("download", 16), "Download");
  const state = { index, scale: null }; // null: the whole picture fits

  const fitting = () => Math.min(1, stage.clientWidth / (image.naturalWidth || 1), stage.clientHeight / (image.naturalHeight || 1));
  const zoomTo = (scale) => {
    const before = image.getBoundingClientRect().width || 1;
    const middle = (stage.scrollLeft + stage.clientWidth / 2) / before;
    const height = (stage.scrollTop + stage.clientHeight / 2) / (image.getBoundingClientRect().height || 1);
    state.scale = scale === null || scale <= fitting() ? null : Math.min(LARGEST, scale);
    dialog.classList.toggle("is-zoomed", state.scale !== null);
    if (state.scale === null) image.style.removeProperty("width");
    else image.style.setProperty("width", `${Math.round(image.naturalWidth * state.scale)}px`);
    stage.scrollLeft = middle * image.getBoundingClientRect().width - stage.clientWidth / 2;
    stage.scrollTop = height * image.getBoundingClientRect().height - stage.clientHeight / 2;
  };
  const zoomBy = (factor) => zoomTo((state.scale ?? fitting()) * factor);
  const show = (at) => {
    state.index = (at + pictures.length) % pictures.length;
    const { url, alt, filename } = pictures[state.index];
    zoomTo(null);
    image.src = url;
    image.alt = alt || filename || "";
    text.textContent = [pictures.length > 1 ? `${state.index + 1} of ${pictures.length}` : "", alt].filter(Boolean).join(" · ");
    link.href = url;
    link.download = filename ?? "picture.png";
    dialog.setAttribute("aria-label", alt || filename || "Picture");
  };

  const isMany = pictures.length > 1;
  const tools = el(
    "div",
    { class: "lightbox-tools" },
    isMany ? iconButton("left", "Previous picture", { onclick: () => show(state.index - 1) }) : null,
    isMany ? iconButton("right", "Next picture", { onclick: () => show(state.index + 1) }) : null,
    iconButton("minus", "Smaller", { onclick: () => zoomBy(1 / STEP) }),
    iconButton("plus", "Larger", { testid: "zoom-in", onclick: () => zoomBy(STEP) }),
    iconButton("close", "Close", { onclick: () => dialog.close() }),
  );
  const dialog = el("dialog", { class: "lightbox", testid: "lightbox" }, tools, stage, el("div", { class: "lightbox-foot" }, text, link));
  image.addEventListener("click", () => zoomTo(state.scale === null ? Math.max(1, fitting() * 2) : null));
  stage.addEventListener("click", (event) => event.target === stage && dialog.close());
  dialog.addEventListener("keydown", (event) => {
    const moves = { "+": () => zoomBy(STEP), "=": () => zoomBy(STEP), "-": () => zoomBy(1 / STEP), 0: () => zoomTo(null) };
    if (isMany && state.scale === null) Object.assign(moves, { ArrowLeft: () => show(state.index - 1), ArrowRight: () => show(state.index + 1) });
    if (!(event.key in moves)) return;
    event.preventDefault();
    moves[event.key]();
  });
  openDialog(dialog);
  show(index);
  stage.focus();
}

/** A picture of a message in its frame: keeps its room while it loads, grows on click. */
export function picture({ url, alt, width, height, filename, className = "" }) {
  // Nothing is loaded from elsewhere: a picture on another site is only linked.
  if (new URL(url, location.href).origin !== location.origin) {
    return el("a", { href: url, target: "_blank", rel: "noreferrer", text: alt || url });
  }
  const name = filename ?? decodeURIComponent(url.split("/").at(-1));
  const isUpright = height > width;
  const image = el("img", { src: url, alt: alt || name, width, height, loading: "lazy", decoding: "async" });
  const button = el(
    "button",
    { type: "button", class: "picture", title: alt ? `${alt}\n(press to enlarge)` : "Press to enlarge", "aria-label": `Enlarge picture: ${alt || name}`, testid: "picture", onclick: () => enlarge(frame) },
    image,
  );
  if (alt) button.append(el("span", { class: "alt-badge", "aria-hidden": "true", title: alt, text: "ALT" }));
  const frame = el("div", { class: `picture-frame ${isUpright ? "is-upright" : ""} ${className}`, "data-filename": name }, button);
  return frame;
}

function enlarge(frame) {
  const frames = [...(frame.closest(".message") ?? frame.parentElement).querySelectorAll(".picture-frame:not(.embed-thumbnail)")];
  const all = frames.includes(frame) ? frames : [frame];
  const facts = (each) => {
    const { src: url, alt } = each.querySelector("img");
    return { url, alt, filename: each.dataset.filename };
  };
  openLightbox(all.map(facts), all.indexOf(frame));
}
