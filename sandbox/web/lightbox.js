// A picture seen large: a dialog over the page. Knows one picture at a time.

import { el, icon, iconButton, openDialog } from "./dom.js";

/** Show the picture at `url`, with its alt text under it. */
export function openLightbox({ url, alt, filename }) {
  const dialog = el(
    "dialog",
    { class: "lightbox", "aria-label": alt || filename || "Picture", testid: "lightbox" },
    el("img", { src: url, alt: alt || "" }),
    el(
      "div",
      { class: "lightbox-foot" },
      alt ? el("p", { text: alt }) : null,
      el("a", { href: url, download: filename ?? "picture.png", class: "quiet-link" }, icon("download", 16), "Download"),
    ),
    iconButton("close", "Close", { class: "lightbox-close", onclick: () => dialog.close() }),
  );
  openDialog(dialog);
}

/** A picture of a message: keeps its room while it loads, grows on click. */
export function picture({ url, alt, width, height, filename, className = "" }) {
  // Nothing is loaded from elsewhere: a picture on another site is only linked.
  if (new URL(url, location.href).origin !== location.origin) {
    return el("a", { href: url, target: "_blank", rel: "noreferrer", text: alt || url });
  }
  const image = el("img", { src: url, alt: alt || filename || "", width, height, loading: "lazy", decoding: "async" });
  const button = el(
    "button",
    { type: "button", class: `picture ${className}`, title: alt ? `${alt}\n(press to enlarge)` : "Press to enlarge", "aria-label": `Enlarge picture: ${alt || filename || "no description"}`, testid: "picture", onclick: () => openLightbox({ url, alt, filename }) },
    image,
  );
  if (alt) button.append(el("span", { class: "alt-badge", "aria-hidden": "true", title: alt, text: "ALT" }));
  return button;
}
