import { faultOf, send } from "./server.js";

const START = "/auth/oauth/local";

/** Removes the error of a sign-in from the address, and returns its message; "" if there is none. */
export function returnedWith(sentences) {
  const url = new URL(location.href);
  const code = url.searchParams.get("error");
  if (code === null) return "";
  url.searchParams.delete("error");
  history.replaceState(null, "", url);
  // A link can have any text as its code, so only messages of the server are shown.
  return Object.hasOwn(sentences, code) ? sentences[code] : "The sign-in failed. Start again.";
}

/** The method of the sign-in in words (RFC 8176). */
export function wayOf({ amr }) {
  return amr.includes("fed") ? "local OpenID" : "a password";
}

/** Lets a signed-in user link the provider, or unlink it. The text of `button` says which. */
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
