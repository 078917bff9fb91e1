import { faultOf, send } from "./server.js";

const START = "/auth/oauth/local";

/** Takes what a sign-in came back with out of the address, and returns its sentence; "" where all went well. */
export function returnedWith(sentences) {
  const url = new URL(location.href);
  const code = url.searchParams.get("error");
  if (code === null) return "";
  url.searchParams.delete("error");
  history.replaceState(null, "", url);
  // Whoever made the link wrote the code: only sentences of the server's are shown.
  return Object.hasOwn(sentences, code) ? sentences[code] : "The sign-in did not work; start again.";
}

/** How a session began, in words (RFC 8176). */
export function wayOf({ amr }) {
  return amr.includes("fed") ? "local OpenID" : "a password";
}

/** Lets a signed-in user link the provider, or undo that: `button` says which of the two it does. */
export function offerLink(button, say) {
  let isLinked = false;
  const draw = async () => {
    const { ok, data } = await send("/demo/links");
    isLinked = ok && data.providers.includes("local");
    button.textContent = isLinked ? "Unlink local OpenID" : "Link local OpenID";
    button.hidden = !ok;
  };
  button.addEventListener("click", async () => {
    button.disabled = true;
    const answer = isLinked
      ? await send(`${START}/link`, { method: "DELETE" })
      : await send(`${START}/link`, { method: "POST", body: { redirect_to: "/" } });
    button.disabled = false;
    if (!answer.ok) return say(faultOf(answer), true);
    if (answer.data?.url !== undefined) return location.assign(answer.data.url);
    say("Local OpenID is unlinked. The password still works.");
    await draw();
  });
  return draw;
}
