// The page's requests to the sandbox server (docs/sandbox.md). Knows addresses and payloads, keeps no state.

const TIMEOUT_MS = 30_000;

/** A refused or failed request; `message` is one sentence for the reader, `status` is 0 when the server was not reached. */
export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

async function request(method, path, body) {
  const options = { method, signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body instanceof FormData) options.body = body;
  else if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new ApiError("The sandbox cannot be reached. Is it still running?", 0);
  }
  if (answer.status === 204) return null;
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError(data.error ?? `The sandbox answered with status ${answer.status}.`, answer.status);
  return data;
}

// With files the payload travels as multipart, as Discord's own client sends it.
function withFiles(payload, files) {
  if (!files?.length) return payload;
  const form = new FormData();
  form.append("payload_json", JSON.stringify(payload));
  files.forEach((file, index) => form.append(`files[${index}]`, file, file.name));
  return form;
}

const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value)).toString();

export const readState = (userId) => request("GET", `/api/state?${query({ user_id: userId })}`);
export const makeUser = (name) => request("POST", "/api/users", { name });
export const makeChannel = (name, kind = "text") => request("POST", "/api/channels", { name, kind });
export const makeThread = (payload) => request("POST", "/api/threads", payload);
export const makePost = (payload, files) => request("POST", "/api/threads", withFiles(payload, files));
export const deleteChannel = (channelId, userId) => request("DELETE", `/api/channels/${channelId}?${query({ user_id: userId })}`);
export const openDm = (userId) => request("POST", "/api/dms", { user_id: userId });
export const readMessages = (channelId, userId, { before, limit = 50 } = {}) =>
  request("GET", `/api/channels/${channelId}/messages?${query({ user_id: userId, limit, before })}`);
export const sendMessage = (channelId, payload, files) =>
  request("POST", `/api/channels/${channelId}/messages`, withFiles(payload, files));
export const deleteMessage = (messageId, userId) => request("DELETE", `/api/messages/${messageId}?${query({ user_id: userId })}`);
export const setReaction = (messageId, userId, emoji, method) =>
  request(method, `/api/messages/${messageId}/reactions`, { user_id: userId, emoji });
export const sendTyping = (userId, channelId) => request("POST", "/api/typing", { user_id: userId, channel_id: channelId });
export const sendInteraction = (payload, files) => request("POST", "/api/interactions", withFiles(payload, files));

// What the server panel does.
export const moveBot = (action) => request("POST", "/api/bot", { action });
export const makeRole = (role) => request("POST", "/api/roles", role);
export const changeRole = (roleId, role) => request("PATCH", `/api/roles/${roleId}`, role);
export const removeRole = (roleId) => request("DELETE", `/api/roles/${roleId}`);
export const giveRole = (roleId, userId, isGiven) => request(isGiven ? "PUT" : "DELETE", `/api/roles/${roleId}/members/${userId}`);
export const setPermissions = (channelId, { allow, deny }) => request("POST", "/api/permissions", { channel_id: channelId, allow, deny });
export const advanceClock = (seconds) => request("POST", "/api/clock", { advance_seconds: seconds });
export const readFaults = () => request("GET", "/api/faults");

export const readPins = (channelId, userId) => request("GET", `/api/channels/${channelId}/pins?${query({ user_id: userId })}`);
export const pinMessage = (messageId, userId, isPinned) => request(isPinned ? "PUT" : "DELETE", `/api/messages/${messageId}/pin`, { user_id: userId });
export const changeThread = (channelId, userId, changes) => request("PATCH", `/api/channels/${channelId}`, { user_id: userId, ...changes });
export const moveMember = (userId, action) => request("POST", "/api/members", { user_id: userId, action });
