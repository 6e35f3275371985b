// Small pieces of DOM: elements, icons, focus. Knows nothing of chat.
// Text always goes in as text nodes, so nothing a user or a bot writes can become markup.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element. `props`: class, text, data-*, aria-*, on* listeners, other attributes; null and false are left out. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") node.className = value;
    else if (key === "text") node.textContent = value;
    else if (key === "testid") node.dataset.testid = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "value") node.value = value;
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// Each icon is one path on a 24 x 24 grid, drawn with the current colour.
const ICONS = {
  hash: "M9 4 7 20M17 4l-2 16M4 9h17M3 15h17",
  thread: "M4 5h16v11H9l-5 4zM8 9h8M8 12h5",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  plus: "M12 5v14M5 12h14",
  send: "M4 12 20 4l-5 16-3.5-6.5zM11.5 13.5 20 4",
  reply: "M10 7 4 12l6 5v-3.5c5 0 8 1.5 10 4.5 0-6-4-9-10-9z",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
  dots: "M6 12h.01M12 12h.01M18 12h.01",
  play: "M8 5v14l11-7z",
  pause: "M8 5v14M16 5v14",
  download: "M12 4v11M7 10l5 5 5-5M5 20h14",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  music: "M9 18V6l10-2v12M9 18a2.5 2.5 0 1 1-2.5-2.5A2.5 2.5 0 0 1 9 18zM19 16a2.5 2.5 0 1 1-2.5-2.5A2.5 2.5 0 0 1 19 16z",
  volume: "M4 10v4h3l5 4V6l-5 4zM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
  muted: "M4 10v4h3l5 4V6l-5 4zM16 10l4 4M20 10l-4 4",
  eye: "M2.5 12S6 6 12 6s9.5 6 9.5 6-3.5 6-9.5 6-9.5-6-9.5-6zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  swap: "M4 8h14l-4-4M20 16H6l4 4",
  apps: "M5 5h5v5H5zM14 5h5v5h-5zM5 14h5v5H5zM14 14h5v5h-5z",
  copy: "M9 9h10v11H9zM6 15H5V4h10v2",
  link: "M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 6 6l1-1",
  down: "M6 9l6 6 6-6",
  warning: "M12 4 2.5 20h19zM12 10v4.5M12 17.5v.01",
  external: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  slash: "M7 20 17 4",
  minus: "M5 12h14",
  enlarge: "M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7",
  left: "M15 6l-6 6 6 6",
  right: "M9 6l6 6-6 6",
  page: "M7 3h7l4 4v14H7zM14 3v4h4M10 12h5M10 16h5",
  score: "M4 6h16M4 10h16M4 14h16M4 18h16M9 17.5V7l5-1.5v10.5M9 17.5a2 1.6 0 1 1-4 0 2 1.6 0 0 1 4 0zM14 16a2 1.6 0 1 1-4 0 2 1.6 0 0 1 4 0z",
  box: "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8",
  forum: "M4 5h12v8H9l-3 3v-3H4zM18 9h2v8h-2v3l-3-3H9",
  theme: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  moon: "M19 14.5A8 8 0 0 1 9.5 5 8 8 0 1 0 19 14.5z",
  gear: "M4 7h9M19 7h1M4 17h1M11 17h9M16 4.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM8 14.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3M12 14.5v2",
  pin: "M9 4h6l-1 6 3 3v2H7v-2l3-3zM12 15v5",
  branch: "M7 4v16M7 14c0-4 10-3 10-8M17 6.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  leave: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
  edit: "M5 19l1-4L16 5l3 3L9 18zM14 7l3 3",
};

/** Draw one of the named icons; it is decoration and hidden from screen readers. */
export function icon(name, size = 20) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("width", size);
  svg.setAttribute("height", size);
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon", `icon-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows only an icon; `label` is its spoken name and tooltip. */
export function iconButton(name, label, props = {}) {
  return el("button", { type: "button", "aria-label": label, title: label, ...props, class: `icon-button ${props.class ?? ""}` }, icon(name));
}

// Avatar colours: mid-dark, so that white initials keep a contrast of 4.5 on each of them.
const AVATAR_COLOURS = ["#b4442f", "#9a5b00", "#3f7a1f", "#0f7a6c", "#1f6fb2", "#5b56d6", "#9440b8", "#b83a78"];

/** The one or two letters and the stable colour that stand for a name. */
export function initialsOf(name) {
  const words = name.trim().split(/[\s._-]+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[1]].map((word) => [...word][0]) : [...(words[0] ?? "?")].slice(0, 1);
  let hash = 7;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)) % 100003;
  return { initials: letters.join("").toUpperCase(), colour: AVATAR_COLOURS[hash % AVATAR_COLOURS.length] };
}

/** A round avatar; Tutti and other bots get the note sign on the accent colour. */
export function avatar(user, size = "") {
  const node = el("span", { class: `avatar ${size}`, "aria-hidden": "true" });
  if (user.bot) {
    node.classList.add("avatar-bot");
    node.append(icon("music", 22));
    return node;
  }
  const { initials, colour } = initialsOf(user.name);
  node.textContent = initials;
  node.style.setProperty("--avatar", colour);
  return node;
}

/** Open a modal <dialog>; focus goes back where it was when it closes, and the element is removed. */
export function openDialog(dialog) {
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
  });
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.showModal();
  return dialog;
}

/** Say a sentence to screen readers, politely. */
export function announce(sentence) {
  document.getElementById("announcer").textContent = sentence;
}
