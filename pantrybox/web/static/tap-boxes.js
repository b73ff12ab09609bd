// <tap-boxes>: over the picture, a button for each box that the list below names; it stands for the list's own link.
const LONG_PRESS_MS = 500;

class TapBoxes extends HTMLElement {
  connectedCallback() {
    this.build();
    this.ended = new AbortController();
    document.addEventListener("htmx:afterSettle", () => this.build(), { signal: this.ended.signal });
    this.addEventListener("click", (event) => this.tapped(event));
    this.addEventListener("contextmenu", (event) => event.preventDefault());
    this.addEventListener("pointerdown", (event) => this.press(event));
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
      this.addEventListener(end, () => clearTimeout(this.pressed));
    }
  }
  disconnectedCallback() {
    this.ended.abort();
  }
  build() {
    const read = document.activeElement?.dataset.for;
    const marked = this.querySelector(".chosen-box")?.dataset.for;
    this.replaceChildren(...Array.from(document.querySelectorAll("a[data-box]"), (link) => button(link)));
    this.querySelector(`[data-for="${read}"]`)?.focus({ preventScroll: true });
    this.querySelector(`[data-for="${marked}"]`)?.classList.add("chosen-box");
  }
  tapped(event) {
    if (!event.target.closest("button") || this.pressedLong) return;
    this.meant(event).link.click();
  }
  press(event) {
    this.pressedLong = false;
    if (!event.target.closest("button")) return;
    const { link } = this.meant(event);
    this.pressed = setTimeout(() => {
      this.pressedLong = true;
      link.dispatchEvent(new Event("choose", { bubbles: true }));
    }, LONG_PRESS_MS);
  }
  meant(event) {
    // Buttons are as large as a finger, so they cover each other: the smallest box under the finger is meant.
    const { left, top, width, height } = this.getBoundingClientRect();
    const [x, y] = [(event.clientX - left) / width, (event.clientY - top) / height];
    const byKeyboard = event.type === "click" && event.detail === 0;
    if (byKeyboard) return event.target.closest("button");
    const under = [...this.children].filter((one) => one.checkVisibility() && holds(one.edges, x, y));
    return under.sort((a, b) => a.area - b.area)[0] ?? event.target.closest("button");
  }
}

function holds([left, top, right, bottom], x, y) {
  return left <= x && x <= right && top <= y && y <= bottom;
}

function button(link) {
  const made = document.createElement("button");
  const [left, top, right, bottom] = link.dataset.box.split(" ").map(Number);
  Object.assign(made, { type: "button", className: `tap ${link.dataset.kind}`, ariaLabel: link.dataset.label });
  Object.assign(made, { link, edges: [left, top, right, bottom], area: (right - left) * (bottom - top) });
  made.dataset.for = link.id;
  const places = { left: (left + right) / 2, top: (top + bottom) / 2, width: right - left, height: bottom - top };
  for (const [name, part] of Object.entries(places)) made.style[name] = `${100 * part}%`;
  made.style.zIndex = Math.round(1000 * (1 - made.area)); // small ones are not buried under large ones
  return made;
}

customElements.define("tap-boxes", TapBoxes);
