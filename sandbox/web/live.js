// The event socket: connects, says when it is lost, connects again. Knows nothing of what the events mean.

const FIRST_DELAY_MS = 300;
const LONGEST_DELAY_MS = 4000;
const HELLO_TIMEOUT_MS = 5000;

/** One lasting connection for one user. Callbacks: onEvent(event), onUp(isAgain), onDown(). */
export class LiveConnection {
  #socket = null;
  #timer = null;
  #delay = FIRST_DELAY_MS;
  #isClosed = false;
  #wasUp = false;

  constructor(userId, { onEvent, onUp, onDown }) {
    this.userId = userId;
    this.callbacks = { onEvent, onUp, onDown };
    this.#connect();
  }

  /** Try again at once, for instance because the browser says it is back online. */
  hurry() {
    if (this.#isClosed || this.#socket) return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/events?user_id=${encodeURIComponent(this.userId)}`);
    this.#socket = socket;
    this.#timer = setTimeout(() => socket.close(), HELLO_TIMEOUT_MS);
    socket.onmessage = (message) => this.#receive(JSON.parse(message.data));
    socket.onclose = () => this.#lose();
  }

  #receive(event) {
    if (this.#isClosed) return;
    if (event.type !== "hello") {
      this.callbacks.onEvent(event);
      return;
    }
    clearTimeout(this.#timer);
    this.#delay = FIRST_DELAY_MS;
    const isAgain = this.#wasUp;
    this.#wasUp = true;
    this.callbacks.onUp(isAgain);
  }

  #lose() {
    clearTimeout(this.#timer);
    this.#socket = null;
    if (this.#isClosed) return;
    this.callbacks.onDown();
    this.#timer = setTimeout(() => this.#connect(), this.#delay);
    this.#delay = Math.min(this.#delay * 1.6, LONGEST_DELAY_MS);
  }
}
