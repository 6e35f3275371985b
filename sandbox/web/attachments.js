// Attachments of a message: pictures, audio players, download cards. Knows files, nothing of chat.

import { el, icon } from "./dom.js";
import { picture } from "./lightbox.js";
import { audioPlayer } from "./players.js";
import { fileSize } from "./time.js";

const KINDS = {
  image: /\.(?:png|jpe?g|gif|webp|avif)$/iu,
  audio: /\.(?:ogg|opus|oga|mp3|wav|flac|m4a)$/iu,
  music: /\.(?:midi?|kar|musicxml|mxl|xml|abc)$/iu,
};

/** What an attachment is to a reader: "image", "audio", "music" or "file". MIDI is music on paper: no browser plays it. */
export function kindOf({ content_type: type = "", filename }) {
  if (KINDS.music.test(filename)) return "music";
  if (type?.startsWith("image/") && !type.includes("svg")) return "image";
  if (type?.startsWith("audio/")) return "audio";
  return Object.keys(KINDS).find((kind) => KINDS[kind].test(filename)) ?? "file";
}

/** A file to download, with what it is and its size. */
export function fileCard(attachment) {
  const kind = kindOf(attachment);
  const what = { music: "Music file", audio: "Audio", image: "Picture", file: "File" }[kind];
  return el(
    "a",
    { class: "file-card", href: attachment.url, download: attachment.filename, title: attachment.description || `Download ${attachment.filename}`, testid: "file-card" },
    el("span", { class: `file-icon file-${kind}` }, icon(kind === "music" ? "music" : "file", 22)),
    el("span", { class: "file-text" }, el("span", { class: "file-name", text: attachment.filename }), el("span", { class: "file-size", text: `${what} · ${fileSize(attachment.size)}` })),
    el("span", { class: "file-get" }, icon("download", 18)),
  );
}

function one(attachment) {
  const kind = kindOf(attachment);
  if (kind === "audio") return audioPlayer(attachment);
  if (kind !== "image") return fileCard(attachment);
  const { url, description: alt, width, height, filename } = attachment;
  return picture({ url, alt, width, height, filename });
}

/** All attachments of a message, save those its embeds already show. Null when nothing is left. */
export function renderAttachments(attachments, embeds = []) {
  const shown = new Set(embeds.flatMap((embed) => [embed.image?.url, embed.thumbnail?.url]).filter(Boolean));
  const rest = attachments.filter((attachment) => !shown.has(attachment.url));
  if (!rest.length) return null;
  // What is heard comes first, beside it what is kept, below what is seen.
  const order = { audio: 0, music: 1, file: 2, image: 3 };
  rest.sort((a, b) => order[kindOf(a)] - order[kindOf(b)]);
  const isPicture = (attachment) => kindOf(attachment) === "image";
  const files = rest.filter((attachment) => !isPicture(attachment));
  const pictures = rest.filter(isPicture);
  return el("div", { class: "attachments" }, files.length ? el("div", { class: "file-row" }, files.map(one)) : null, pictures.map(one));
}
