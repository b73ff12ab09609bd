// <draw-box data-page="...">: over the picture, a box that is drawn with a finger, or moved with the arrow keys.
const LEAST = 0.02; // of the picture's side: less is a slip of the finger
const STEP = 0.02;
const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
const within = (value) => Math.min(1, Math.max(0, value));

class DrawBox extends HTMLElement {
  connectedCallback() {
    this.made = document.createElement("button");
    Object.assign(this.made, { type: "button", className: "drawn" });
    this.made.ariaLabel = "Drawn box. The arrow keys move it, with Shift they change its size; Enter gives it a name.";
    this.replaceChildren(this.made);
    this.ended = new AbortController();
    const { signal } = this.ended;
    const switched = ({ target, detail }) => target.closest("#draw") && this.turn(this.hidden, detail === 0);
    document.addEventListener("click", switched, { signal });
    document.addEventListener("thing-closed", () => this.turn(false), { signal });
    this.addEventListener("pointerdown", (event) => this.begin(event));
    this.addEventListener("pointermove", (event) => this.pull(event));
    this.addEventListener("pointerup", () => this.finish());
    this.addEventListener("pointercancel", () => this.turn(true));
    this.addEventListener("keydown", (event) => this.steer(event));
  }
  disconnectedCallback() {
    this.ended.abort();
    this.switch?.setAttribute("aria-pressed", false);
  }
  get switch() {
    return document.getElementById("draw");
  }
  turn(on, byKeyboard = false) {
    this.hidden = !on;
    this.start = null;
    this.switch?.setAttribute("aria-pressed", on);
    this.place(byKeyboard ? [0.4, 0.4, 0.6, 0.6] : null);
    if (byKeyboard) this.made.focus();
  }
  place(edges) {
    this.edges = edges;
    this.made.hidden = !edges;
    if (!edges) return;
    const [left, top, right, bottom] = edges;
    const places = { left, top, width: right - left, height: bottom - top };
    for (const [name, part] of Object.entries(places)) this.made.style[name] = `${100 * part}%`;
  }
  begin(event) {
    event.preventDefault();
    this.setPointerCapture(event.pointerId);
    this.start = this.at(event);
  }
  pull(event) {
    if (!this.start) return;
    const [[x, y], [a, b]] = [this.start, this.at(event)];
    this.place([Math.min(x, a), Math.min(y, b), Math.max(x, a), Math.max(y, b)]);
  }
  finish() {
    if (!this.start) return;
    this.start = null;
    const [left, top, right, bottom] = this.edges ?? [0, 0, 0, 0];
    if (right - left >= LEAST && bottom - top >= LEAST) this.name();
    else this.place(null);
  }
  at({ clientX, clientY }) {
    const { left, top, width, height } = this.getBoundingClientRect();
    return [within((clientX - left) / width), within((clientY - top) / height)];
  }
  steer(event) {
    const { key, shiftKey } = event;
    if (key === "Escape") return this.leave();
    if (!this.edges || !["Enter", " ", ...Object.keys(ARROWS)].includes(key)) return;
    event.preventDefault();
    if (!ARROWS[key]) return this.name();
    const [x, y] = ARROWS[key];
    const [left, top, right, bottom] = this.edges;
    if (shiftKey) this.place([left, top, stretched(left, right + x), stretched(top, bottom + y)]);
    else this.place(moved([left, right], x, [top, bottom], y));
  }
  leave() {
    this.turn(false);
    this.switch?.focus();
  }
  name() {
    const edges = ["left", "top", "right", "bottom"].map((name, n) => [name, this.edges[n].toFixed(4)]);
    const address = `${this.dataset.page}?${new URLSearchParams(edges)}`;
    document.dispatchEvent(new CustomEvent("show-thing", { detail: address }));
  }
}

function stretched(start, end) {
  return within(Math.max(start + LEAST, end));
}

function moved([left, right], x, [top, bottom], y) {
  const [across, down] = [Math.min(1 - right, Math.max(-left, x)), Math.min(1 - bottom, Math.max(-top, y))];
  return [left + across, top + down, right + across, bottom + down];
}

customElements.define("draw-box", DrawBox);
