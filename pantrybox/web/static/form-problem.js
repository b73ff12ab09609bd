// A form that htmx sent and that was refused: what was wrong is said where the form stands.
function say(event, text) {
  if (event.detail.requestConfig?.verb === "get") return;
  const place = event.target.closest?.("dialog") ?? document;
  const line = place.querySelector(".problem");
  line.textContent = text;
  if (text) line.scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:beforeRequest", (event) => say(event, ""));
document.addEventListener("htmx:sendError", (event) => say(event, "The box does not answer. Try again in a moment."));
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) return location.reload(); // signed out elsewhere: what comes is the way in
  const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  say(event, page.querySelector(".problem")?.textContent || "That did not work. Try again in a moment.");
});
