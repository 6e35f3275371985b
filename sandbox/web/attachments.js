// Attachments of a message: pictures, audio players, download cards. Knows files, nothing of chat.

import { compareBar } from "./compare.js";
import { el, icon } from "./dom.js";
import { picture } from "./lightbox.js";
import { audioPlayer } from "./players.js";
import { fileSize } from "./time.js";

const KINDS = {
  image: /\.(?:png|jpe?g|gif|webp|avif)$/iu,
  audio: /\.(?:ogg|opus|oga|mp3|wav|flac|m4a)$/iu,
  music: /\.(?:midi?|kar|musicxml|mxl|xml|abc)$/iu,
};
const WHAT = [
  [/\.(?:midi?|kar)$/iu, "MIDI", "music"],
  [/\.(?:musicxml|mxl|xml)$/iu, "MusicXML score", "score"],
  [/\.abc$/iu, "ABC notation", "score"],
  [/\.pdf$/iu, "PDF", "page"],
  [/\.zip$/iu, "Zip archive", "box"],
  [/\.(?:txt|md|csv|json)$/iu, "Text", "page"],
];
const TAKE = /(?:^|[-_ ])take[-_ ]?(\d{1,2})$/iu;
const SIDE = /[-_](before|after)$/iu;

/** What an attachment is to a reader: "image", "audio", "music" or "file". MIDI is music on paper: no browser plays it. */
export function kindOf({ content_type: type = "", filename }) {
  if (KINDS.music.test(filename)) return "music";
  if (type?.startsWith("image/") && !type.includes("svg")) return "image";
  if (type?.startsWith("audio/")) return "audio";
  return Object.keys(KINDS).find((kind) => KINDS[kind].test(filename)) ?? "file";
}

/** A file's name without its ending: files of one stem belong together. */
export const stemOf = (filename) => filename.replace(/\.[^.]+$/u, "");

/** A file to download, with what it is and its size. */
export function fileCard(attachment) {
  const { audio, image } = { audio: "Audio", image: "Picture" };
  const [, what, sign] = WHAT.find(([ending]) => ending.test(attachment.filename)) ?? [null, { audio, image }[kindOf(attachment)] ?? "File", "file"];
  const label = `Download ${attachment.filename}, ${what}, ${fileSize(attachment.size)}`;
  return el(
    "a",
    { class: "file-card", href: attachment.url, download: attachment.filename, title: attachment.description || `Download ${attachment.filename}`, "aria-label": attachment.description ? `${label}: ${attachment.description}` : label, testid: "file-card" },
    el("span", { class: `file-icon file-${sign}` }, icon(sign, 22)),
    el("span", { class: "file-text" }, el("span", { class: "file-name", text: attachment.filename }), el("span", { class: "file-size", text: `${what} · ${fileSize(attachment.size)}` })),
    el("span", { class: "file-get" }, icon("download", 18)),
  );
}

function drawn({ url, description: alt, width, height, filename }) {
  return picture({ url, alt, width, height, filename });
}

function titleOf({ filename }) {
  const stem = stemOf(filename);
  const take = TAKE.exec(stem);
  if (take) return `Take ${Number(take[1])}`;
  const side = SIDE.exec(stem);
  return side ? side[1][0].toUpperCase() + side[1].slice(1).toLowerCase() : null;
}

// A small link for what belongs to a sound: "MIDI", "MusicXML score".
function smallFile(attachment) {
  const what = WHAT.find(([ending]) => ending.test(attachment.filename))?.[1] ?? "File";
  return el("a", { class: "small-file", href: attachment.url, download: attachment.filename, title: attachment.filename, "aria-label": `Download ${attachment.filename}, ${fileSize(attachment.size)}`, testid: "file-card" }, icon("download", 14), ` ${what} · ${fileSize(attachment.size)}`);
}

// Several sounds stand side by side, each with its own picture and files.
function renderTakes(sounds, rest) {
  const taken = new Set();
  const cards = sounds.map((sound) => audioPlayer(sound, { title: titleOf(sound) }));
  const takes = sounds.map((sound, index) => {
    const own = rest.filter(({ filename }) => stemOf(filename) === stemOf(sound.filename));
    for (const attachment of own) taken.add(attachment);
    const files = own.filter((attachment) => kindOf(attachment) !== "image");
    return el(
      "section",
      { class: "take", "aria-label": titleOf(sound) ?? sound.filename, testid: "take" },
      cards[index],
      own.filter((attachment) => kindOf(attachment) === "image").map(drawn),
      files.length ? el("div", { class: "small-files" }, files.map(smallFile)) : null,
    );
  });
  const isPair = sounds.length === 2 && sounds.every(({ filename }) => SIDE.test(stemOf(filename)));
  const nodes = [isPair ? compareBar(cards, sounds.map(titleOf)) : null, el("div", { class: "takes" }, takes)];
  return [nodes, rest.filter((attachment) => !taken.has(attachment))];
}

/** All attachments of a message, save those its embeds already show. Null when nothing is left. */
export function renderAttachments(attachments, embeds = []) {
  const shown = new Set(embeds.flatMap((embed) => [embed.image?.url, embed.thumbnail?.url]).filter(Boolean));
  const visible = attachments.filter((attachment) => !shown.has(attachment.url));
  if (!visible.length) return null;
  const sounds = visible.filter((attachment) => kindOf(attachment) === "audio");
  let others = visible.filter((attachment) => kindOf(attachment) !== "audio");
  let takes = null;
  if (sounds.length > 1) {
    sounds.sort((a, b) => Number(/[-_]after$/iu.test(stemOf(a.filename))) - Number(/[-_]after$/iu.test(stemOf(b.filename))));
    [takes, others] = renderTakes(sounds, others);
  }
  // What is heard comes first, beside it what is kept, below what is seen.
  const order = { music: 1, file: 2, image: 3 };
  others.sort((a, b) => order[kindOf(a)] - order[kindOf(b)]);
  const pictures = others.filter((attachment) => kindOf(attachment) === "image");
  const cards = [...(takes ? [] : sounds.map((sound) => audioPlayer(sound))), ...others.filter((attachment) => kindOf(attachment) !== "image").map(fileCard)];
  return el("div", { class: "attachments" }, takes, cards.length ? el("div", { class: "file-row" }, cards) : null, pictures.length ? el("div", { class: "picture-row" }, pictures.map(drawn)) : null);
}
