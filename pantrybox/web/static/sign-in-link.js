// Opening /#code=... signs in: the code stands in the fragment, which is never sent or logged.
const code = new URLSearchParams(location.hash.slice(1)).get("code");
if (code) {
  history.replaceState(null, "", location.pathname);
  const reply = await fetch("/sign-in", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code }),
  });
  if (reply.ok) {
    location.replace("/");
  } else {
    document.getElementById("sign-in-problem").textContent = (await reply.json()).detail;
  }
}
