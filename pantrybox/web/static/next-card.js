// After a card was answered, reading goes on at the one that took its place.
let place = 0;

document.addEventListener("htmx:beforeRequest", ({ target }) => {
  const cards = [...document.querySelectorAll(".group")];
  place = Math.max(0, cards.indexOf(target.closest(".group")));
});
document.addEventListener("htmx:afterSettle", () => {
  const cards = document.querySelectorAll(".group");
  const next = cards[Math.min(place, cards.length - 1)]?.querySelector("h2") ?? document.getElementById("review");
  next.focus({ preventScroll: true });
});
