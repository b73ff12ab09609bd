// <time-ago><time datetime="..."></time></time-ago>: says how long ago, and keeps saying it right.
// With `ahead` it may lie in the future.
const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto", style: "short" });
const steps = [["second", 60], ["minute", 60], ["hour", 24], ["day", 7], ["week", 5], ["month", 12], ["year", Infinity]];

function ago(date, ahead) {
  // A clock that differs from the box's a little puts nothing that has been into the future.
  let amount = Math.min(ahead ? Infinity : 0, (date - Date.now()) / 1000);
  for (const [unit, size] of steps) {
    if (Math.abs(amount) < size) return unit === "second" ? (ahead ? "in a moment" : "just now") : words.format(Math.trunc(amount), unit);
    amount /= size;
  }
}

class TimeAgo extends HTMLElement {
  connectedCallback() {
    this.time = this.querySelector("time");
    this.time.title = new Date(this.time.dateTime).toLocaleString();
    this.tell();
    this.timer = setInterval(() => this.tell(), 20_000);
  }
  disconnectedCallback() {
    clearInterval(this.timer);
  }
  tell() {
    this.time.textContent = ago(new Date(this.time.dateTime), this.hasAttribute("ahead"));
  }
}
customElements.define("time-ago", TimeAgo);
