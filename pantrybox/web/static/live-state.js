// <live-state>: says whether the page follows the box.
class LiveState extends HTMLElement {
  connectedCallback() {
    document.body.addEventListener("htmx:sseOpen", () => this.show("live", "Live"));
    document.body.addEventListener("htmx:sseError", () => this.show("away", "Reconnecting…"));
  }
  show(state, text) {
    this.className = state;
    this.textContent = text;
  }
}
customElements.define("live-state", LiveState);
