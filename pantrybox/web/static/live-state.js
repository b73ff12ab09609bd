// <live-state>: says whether the page follows the box, and sees to it that it does.
class LiveState extends HTMLElement {
  connectedCallback() {
    const page = document.body;
    page.addEventListener("htmx:sseOpen", () => this.show("live", "Live"));
    page.addEventListener("htmx:sseError", ({ detail }) => {
      this.show("away", "Reconnecting…");
      if (detail.source.readyState === EventSource.CLOSED) this.askWhy();
    });
    page.addEventListener("htmx:responseError", ({ detail }) => this.leaveIfOver(detail.xhr.status));
    // A phone that slept may have lost the connection without a word: look again at everything.
    document.addEventListener("visibilitychange", () => document.hidden || htmx.trigger(page, "awake"));
  }
  show(state, text) {
    this.className = state;
    this.textContent = text;
  }
  async askWhy() {
    const reply = await fetch("/fragments/stock").catch(() => null);
    this.leaveIfOver(reply?.status);
  }
  leaveIfOver(status) {
    if (status === 401) location.reload(); // signed out elsewhere: what comes is the way in
  }
}
customElements.define("live-state", LiveState);
