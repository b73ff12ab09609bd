// Opening /#code=... signs in: the code stands in the fragment, which is never sent or logged.
const form = document.querySelector(".door form");
const problem = document.getElementById("sign-in-problem");

function codeIn(address) {
  return new URLSearchParams(address.slice(address.indexOf("#") + 1)).get("code");
}

async function signIn(code) {
  problem.textContent = "";
  try {
    const reply = await fetch("/sign-in", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
    if (reply.ok) location.replace(location.pathname === "/sign-in" ? "/" : location.pathname);
    else problem.textContent = (await reply.json()).detail;
  } catch {
    problem.textContent = "The box does not answer. Try again in a moment.";
  }
}

function followLink() {
  const code = codeIn(location.hash);
  if (!code) return;
  history.replaceState(null, "", location.pathname);
  // Who is signed in already has no form before them: then the code is only taken out of sight.
  if (form) signIn(code);
}

addEventListener("hashchange", followLink); // a link that is pasted over an open sign-in page loads nothing
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = form.elements.code.value.trim();
  signIn(codeIn(typed) ?? typed);
});
followLink();
