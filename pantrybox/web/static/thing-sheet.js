// <thing-sheet><dialog>: shows the page of what is tapped in a sheet over the page that it was tapped on.
// Whatever else wants a page shown in it says so: dispatchEvent(new CustomEvent("show-thing", { detail: address })).
class ThingSheet extends HTMLElement {
  connectedCallback() {
    this.sheet = this.querySelector("dialog");
    this.ended = new AbortController();
    const { signal } = this.ended;
    document.addEventListener("click", (event) => this.follow(event), { signal });
    document.addEventListener("show-thing", ({ detail }) => this.show(detail), { signal });
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.sheet.open && this.close(), { signal });
    this.sheet.addEventListener("htmx:afterRequest", ({ detail }) => detail.successful && this.close());
  }
  disconnectedCallback() {
    this.ended.abort();
  }
  follow(event) {
    const link = event.target.closest("a[data-box]");
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.show(link.href, link);
  }
  async show(address, link) {
    this.mark(link);
    const reply = await fetch(address).catch(() => null);
    if (reply?.status === 401) return location.reload(); // signed out elsewhere: what comes is the way in
    const page = reply?.ok && new DOMParser().parseFromString(await reply.text(), "text/html").getElementById("thing");
    if (!page) return this.present(sentence("This box cannot be shown. Try again in a moment."));
    this.present(page);
    htmx.process(this.sheet);
  }
  present(content) {
    const away = document.createElement("button");
    Object.assign(away, { type: "button", className: "away", ariaLabel: "Close" });
    away.addEventListener("click", () => this.close());
    this.sheet.replaceChildren(away, sentence(""), content);
    if (!this.sheet.open) this.sheet.show();
    this.sheet.querySelector("h2")?.focus();
  }
  close() {
    this.sheet.close();
    this.sheet.replaceChildren();
    document.dispatchEvent(new Event("thing-closed"));
    // After a swap it is another element that stands for the same box.
    const box = document.querySelector(`[data-for="${this.link?.id}"]`) ?? document.getElementById(this.link?.id);
    box?.focus({ preventScroll: true });
    this.mark(null);
  }
  mark(link) {
    for (const marked of document.querySelectorAll(".chosen-box")) marked.classList.remove("chosen-box");
    this.link = link;
    document.querySelector(`[data-for="${link?.id}"]`)?.classList.add("chosen-box");
  }
}

function sentence(text) {
  const paragraph = document.createElement("p");
  Object.assign(paragraph, { className: "problem", role: "alert", textContent: text });
  return paragraph;
}

customElements.define("thing-sheet", ThingSheet);
