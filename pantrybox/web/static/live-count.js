// <live-count data-of="...">: lights up when it takes the place of another count of the same thing.
const shown = new Map();

class LiveCount extends HTMLElement {
  connectedCallback() {
    const before = shown.get(this.dataset.of);
    shown.set(this.dataset.of, this.textContent);
    this.classList.toggle("changed", before !== undefined && before !== this.textContent);
  }
}
customElements.define("live-count", LiveCount);
