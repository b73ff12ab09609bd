// What stands in the fragment of an address is never sent or logged: /#code=... signs in, /#setup=... fills the form.
const door = document.querySelector(".door");
const problem = document.getElementById("problem");

async function signIn(code) {
  problem.textContent = "";
  try {
    const reply = await fetch("/sign-in", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
    if (reply.ok) location.replace(location.pathname);
    else problem.textContent = (await reply.json()).detail;
  } catch {
    problem.textContent = "The box does not answer. Try again in a moment.";
  }
}

function fillIn(setupCode) {
  const field = document.getElementById("setup-code");
  if (!field) return;
  field.value = setupCode;
  document.getElementById("passphrase").focus();
}

function followLink() {
  const said = new URLSearchParams(location.hash.slice(1));
  const [code, setupCode] = [said.get("code"), said.get("setup")];
  if (!code && !setupCode) return;
  history.replaceState(null, "", location.pathname);
  // Who is signed in already has no door before them: then the code is only taken out of sight.
  if (door && code) signIn(code);
  else if (door) fillIn(setupCode);
}

// A form that was refused is answered at its own address, which is no page: one that is loaded again would not be found.
if (["/claim", "/sign-in"].includes(location.pathname)) history.replaceState(null, "", "/" + location.hash);
addEventListener("hashchange", followLink); // a link that is pasted over an open page loads nothing
followLink();
