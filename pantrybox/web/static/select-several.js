// <select-several><form>: while it is on, what is tapped is ticked instead of shown; what is ticked gets one name.
let on = false; // it stays as it is when the part of the page around it is replaced
const ticked = new Set();

class SelectSeveral extends HTMLElement {
  connectedCallback() {
    this.ended = new AbortController();
    const { signal } = this.ended;
    const switched = ({ target }) => target.closest("#choose-several") && this.turn(!on);
    document.addEventListener("click", switched, { signal });
    this.addEventListener("click", (event) => this.tapped(event));
    this.addEventListener("choose", ({ target }) => this.choose(target));
    this.addEventListener("change", () => this.tell());
    this.addEventListener("htmx:beforeRequest", () => this.clear());
    for (const box of this.boxes()) box.checked = ticked.has(box.value);
    this.turn(on);
    customElements.whenDefined("tap-boxes").then(() => this.tell());
    // The buttons over the picture are new then.
    document.addEventListener("htmx:afterSettle", () => this.tell(), { signal });
  }
  disconnectedCallback() {
    this.ended.abort();
  }
  boxes() {
    return this.querySelectorAll("input[type=checkbox]");
  }
  turn(wanted) {
    on = wanted;
    this.classList.toggle("on", on);
    document.body.classList.toggle("choosing", on);
    document.getElementById("choose-several")?.setAttribute("aria-pressed", on);
    if (!on) for (const box of this.boxes()) box.checked = false;
    this.tell();
  }
  clear() {
    on = false;
    ticked.clear();
  }
  tapped(event) {
    const link = event.target.closest("a[data-box]");
    if (!link || !on) return;
    event.preventDefault();
    this.toggle(link);
  }
  choose(link) {
    if (!on) this.turn(true);
    this.toggle(link);
  }
  toggle(link) {
    const box = link.closest("li").querySelector("input[type=checkbox]");
    box.checked = !box.checked;
    this.tell();
  }
  tell() {
    ticked.clear();
    for (const box of this.boxes()) {
      if (box.checked) ticked.add(box.value);
      const tap = document.querySelector(`[data-for="${box.closest("li").querySelector("a").id}"]`);
      if (on) tap?.setAttribute("aria-pressed", box.checked);
      else tap?.removeAttribute("aria-pressed");
    }
    this.querySelector("output").textContent = ticked.size ? `${ticked.size} chosen` : "Tap what is the same.";
  }
}
customElements.define("select-several", SelectSeveral);
