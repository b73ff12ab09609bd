// A new photograph takes its place once its picture is here: nothing flashes, no box lies on the wrong picture.
let asked = 0;
let shown = 0;

document.addEventListener("htmx:beforeSwap", async ({ detail }) => {
  const coming = new DOMParser().parseFromString(detail.serverResponse, "text/html").querySelector("labelled-picture img");
  if (!detail.shouldSwap || !coming) return;
  const turn = ++asked;
  if (detail.target.querySelector("img")?.src === coming.src) {
    shown = turn;
    return;
  }
  detail.shouldSwap = false;
  const picture = new Image();
  picture.src = coming.src;
  await picture.decode().catch(() => {}); // a picture that is gone is shown as gone
  if (turn < shown) return;
  shown = turn;
  htmx.swap(detail.target, detail.serverResponse, { swapStyle: "innerHTML" });
});
