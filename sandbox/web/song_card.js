// The song in a pinned card: the chunk "tutti-song" of a PNG, read, unpacked and cleaned. Knows bytes and JSON, no DOM.
// Whatever does not make sense is left out; a card that makes none at all is no song.

const CHUNK = "tutti-song";
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const MAX_FILE_BYTES = 12 * 1024 * 1024;
const MAX_JSON_BYTES = 4 * 1024 * 1024;
const MAX_TEXT = 240;
const MAX_BARS = 1024;
const MAX_LAYERS = 64;
const MAX_CELLS = 20_000;
const MAX_LISTED = 200;
const MESSAGE_LINK = /^https:\/\/(?:(?:ptb|canary)\.)?discord\.com\/channels\/\d+\/\d+\/\d+$/u;

/** The song that a picture at this address tells of, cleaned, or null. Never rejects. */
export async function readSong(url) {
  try {
    const answer = await fetch(url, { cache: "force-cache" });
    if (!answer.ok || Number(answer.headers.get("Content-Length")) > MAX_FILE_BYTES) return null;
    const text = await songText(await answer.arrayBuffer());
    return text === null ? null : cleanSong(JSON.parse(text));
  } catch {
    return null; // not a picture, not JSON, or gone by now
  }
}

/** The text of the iTXt chunk of a PNG, unpacked, or null. */
export async function songText(bytes) {
  const view = new DataView(bytes);
  if (view.byteLength < 8 || SIGNATURE.some((byte, index) => view.getUint8(index) !== byte)) return null;
  const latin = new TextDecoder("latin1");
  for (let at = 8; at + 12 <= view.byteLength; ) {
    const length = view.getUint32(at);
    if (at + 12 + length > view.byteLength) return null;
    const data = new Uint8Array(bytes, at + 8, length);
    if (latin.decode(new Uint8Array(bytes, at + 4, 4)) === "iTXt") {
      const end = data.indexOf(0);
      if (latin.decode(data.subarray(0, end)) === CHUNK) return unpack(data.subarray(end + 1));
    }
    at += 12 + length;
  }
  return null;
}

// After the keyword: whether it is compressed, how, a language and a translated keyword, each ended by a zero.
async function unpack(rest) {
  const language = rest.indexOf(0, 2);
  const translated = rest.indexOf(0, language + 1);
  if (language < 0 || translated < 0) return null;
  const data = rest.subarray(translated + 1);
  if (!rest[0]) return new TextDecoder().decode(data);
  const parts = [];
  let size = 0;
  const reader = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    size += value.length;
    if (size > MAX_JSON_BYTES) {
      await reader.cancel();
      return null;
    }
    parts.push(value);
  }
  return new Blob(parts).text();
}

// Cleaning: each function returns a value of its kind, or what stands for "nothing".

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const objects = (value, most = MAX_LISTED) => (Array.isArray(value) ? value.slice(0, most).filter(isObject) : []);
const count = (value) => (Number.isSafeInteger(value) && value >= 0 ? value : null);
const number = (value, least, most, otherwise) => (Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : otherwise);
const link = (value) => (typeof value === "string" && MESSAGE_LINK.test(value) ? value : null);
const moment = (value) => (typeof value === "string" && Number.isFinite(Date.parse(value)) ? Date.parse(value) : null);
const id = (value) => (typeof value === "string" && value ? value.slice(0, MAX_TEXT) : Number.isSafeInteger(value) ? String(value) : null);

// Control signs, and those that turn the direction of writing round, have no place in a name.
function text(value) {
  return typeof value === "string" ? value.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, " ").trim().slice(0, MAX_TEXT) : "";
}

function bars(value) {
  const found = objects(value, MAX_BARS + 1).map((bar) => ({ startSeconds: number(bar.start_seconds, 0, 86_400, NaN), metre: text(bar.metre) }));
  const isRising = found.every(({ startSeconds }, index) => startSeconds >= (index ? found[index - 1].startSeconds : 0));
  return found.length && found.length <= MAX_BARS && isRising && found.length === value.length ? found : null;
}

function layer(value, index, numBars) {
  const cells = Array.isArray(value.cells) ? value.cells : [];
  return {
    id: id(value.id),
    number: count(value.number) ?? index + 1,
    name: text(value.name) || `Layer ${index + 1}`,
    instrument: text(value.instrument),
    owner: text(value.owner),
    isLocked: value.is_locked === true,
    isMuted: value.is_muted === true,
    isSolo: value.is_solo === true,
    levelDb: number(value.level_db, -96, 24, 0),
    pan: number(value.pan, -100, 100, 0),
    cells: Array.from({ length: numBars }, (_, bar) => count(cells[bar]) ?? 0),
  };
}

function claim(value, numBars) {
  const [first, last] = Array.isArray(value.bars) ? value.bars.map(count) : [1, numBars];
  if (!first || (last ?? numBars) < first) return null;
  return { who: text(value.who), layerId: id(value.layer), first, last: Math.min(last ?? numBars, numBars), untilMs: moment(value.until) };
}

function comment(value) {
  return { id: id(value.id), bar: count(value.bar), layer: id(value.layer), who: text(value.who), text: text(value.text), link: link(value.link) };
}

function revision(value) {
  const parents = Array.isArray(value.parents) ? value.parents.map(count).filter((each) => each !== null).slice(0, 8) : [];
  return { id: count(value.id), parents, operation: text(value.operation), who: text(value.who), branch: text(value.branch) || null, link: link(value.link) };
}

function changes(value) {
  if (!isObject(value)) return null;
  const cells = isObject(value.cells) ? Object.entries(value.cells).slice(0, MAX_LAYERS) : [];
  return {
    revision: count(value.revision),
    lines: (Array.isArray(value.lines) ? value.lines : []).slice(0, 40).map(text).filter(Boolean),
    cells: new Map(cells.map(([layerId, changed]) => [layerId, new Set(Array.isArray(changed) ? changed.slice(0, MAX_BARS).map(count) : [])])),
  };
}

/** A song as the view draws it, of JSON as the card carries it; null when there is no title, no bar or far too much. */
export function cleanSong(data) {
  if (!isObject(data) || data.tutti_song !== 1) return null;
  const title = text(data.title);
  const allBars = bars(data.bars);
  if (!title || !allBars || !Array.isArray(data.layers) || data.layers.length > MAX_LAYERS || data.layers.length * allBars.length > MAX_CELLS) return null;
  const layers = objects(data.layers).map((each, index) => layer(each, index, allBars.length)).filter((each) => each.id !== null);
  if (new Set(layers.map((each) => each.id)).size !== layers.length) return null;
  const numbers = new Set();
  return {
    title,
    licence: text(data.licence),
    host: text(data.host),
    isClosed: data.is_closed === true,
    branch: text(data.branch),
    head: count(data.head),
    bpm: number(data.bpm, 1, 999, null),
    bars: allBars,
    layers,
    claims: objects(data.claims).map((each) => claim(each, allBars.length)).filter(Boolean),
    turn: isObject(data.turn) && text(data.turn.who) ? { who: text(data.turn.who), untilMs: moment(data.turn.until) } : null,
    members: objects(data.members).map((each) => ({ name: text(each.name), role: text(each.role), branch: text(each.branch) || null })).filter((each) => each.name),
    queue: (Array.isArray(data.queue) ? data.queue : []).slice(0, MAX_LISTED).map(text).filter(Boolean),
    votes: objects(data.votes).map((each) => ({ id: id(each.id), title: text(each.title), link: link(each.link) })).filter((each) => each.title),
    comments: objects(data.comments).map(comment).filter((each) => each.text),
    branches: objects(data.branches).map((each) => ({ name: text(each.name), head: count(each.head) })).filter((each) => each.name),
    tags: objects(data.tags).map((each) => ({ name: text(each.name), revision: count(each.revision) })).filter((each) => each.name),
    revisions: objects(data.revisions).map(revision).filter((each) => each.id !== null && !numbers.has(each.id) && numbers.add(each.id)),
    changes: changes(data.changes),
  };
}
