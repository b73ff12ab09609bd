// <labelled-picture>: of names that would lie over each other, the surest is shown.
function overlap(a, b) {
  return a.left < b.right + 2 && b.left < a.right + 2 && a.top < b.bottom && b.top < a.bottom;
}

class LabelledPicture extends HTMLElement {
  connectedCallback() {
    this.sizes = new ResizeObserver(() => this.choose());
    this.sizes.observe(this);
    this.ended = new AbortController();
    // Other boxes may be shown.
    const { signal } = this.ended;
    for (const event of ["change", "htmx:afterSettle"]) {
      document.addEventListener(event, () => this.choose(), { signal });
    }
  }
  disconnectedCallback() {
    this.sizes.disconnect();
    this.ended.abort();
  }
  choose() {
    const kept = [];
    for (const name of this.querySelectorAll("text")) {
      const place = name.getBoundingClientRect();
      const covers = kept.some((other) => overlap(place, other));
      name.classList.toggle("covered", covers);
      if (!covers) kept.push(place);
    }
  }
}
customElements.define("labelled-picture", LabelledPicture);
