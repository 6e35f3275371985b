// Things that float beside an anchor: placing, opening, closing. Knows boxes, not what is in them.

const GAP_PX = 6;
const EDGE_PX = 8;

/** Place a fixed element under the box (or above it where there is no room), inside the window. */
export function placeBeside(popup, box, { isWide = false } = {}) {
  if (isWide) popup.style.setProperty("min-width", `${Math.round(box.width)}px`);
  const { offsetWidth: width, offsetHeight: height } = popup;
  const below = window.innerHeight - box.bottom - GAP_PX - EDGE_PX;
  const top = height <= below || below > box.top ? box.bottom + GAP_PX : box.top - height - GAP_PX;
  const left = Math.min(box.left, window.innerWidth - width - EDGE_PX);
  popup.style.setProperty("top", `${Math.max(EDGE_PX, Math.min(top, window.innerHeight - height - EDGE_PX))}px`);
  popup.style.setProperty("left", `${Math.max(EDGE_PX, left)}px`);
}

/** Open `popup` in the top layer beside `box`; a press elsewhere or Escape closes it, then `onClose` is called once. */
export function openPopup(popup, { box, host = document.body, isWide = false, onClose = () => {} }) {
  popup.setAttribute("popover", "auto");
  popup.classList.add("popup");
  host.append(popup);
  popup.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    popup.remove();
    onClose();
  });
  popup.showPopover();
  placeBeside(popup, box, { isWide });
}
