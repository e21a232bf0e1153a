// Where a social network sends the browser back to: hands its answer to the API, which checks the state against the
// person who began and redeems the code with PKCE. This page leads nowhere by itself.
import { $, onSignIn, problem } from "/page.js";

const given = new URLSearchParams(location.search);
// Neither the history nor a reload keeps what is good for one try.
history.replaceState(null, "", location.pathname);

function say(title, text) {
  $("title").textContent = title;
  $("status").textContent = text;
}

function post(path, body, token) {
  // Who signed in with cookies proves by this one that a page of ours asks.
  const csrf = /(?:^|; )atelier_csrf=([^;]*)/.exec(document.cookie)?.[1];
  return fetch("/api/v1" + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(token && { Authorization: "Bearer " + token }),
               ...(csrf && !token && { "X-CSRF-Token": csrf }) },
    body: JSON.stringify(body),
  });
}

// True where it is over, one way or the other; false where somebody has to sign in first.
async function finish(token) {
  const body = { code: given.get("code"), state: given.get("state") };
  if (given.has("iss")) body.iss = given.get("iss");
  const answer = await post("/social-accounts/callback", body, token);
  if (answer.status === 401 || (answer.status === 403 && !token)) return false;
  if (answer.ok) {
    const account = await answer.json();
    say("Connected", `${account.username} on ${account.platform} can be published to now. You may close this page.`);
  } else {
    say("Not connected", `${await problem(answer)} Begin again where you asked for the connection.`);
  }
  $("sign-in").hidden = true;
  return true;
}

async function begin() {
  if (given.has("error")) {
    const refused = given.get("error") === "access_denied";
    return say("Not connected", refused ? "You did not allow it at the network. Nothing was changed."
      : "The network did not allow the connection. Nothing was changed.");
  }
  if (!given.get("code") || !given.get("state")) {
    return say("Nothing to connect", "A connection begins where you ask for it; the network then leads back to here.");
  }
  if (await finish()) return;
  if (document.cookie.includes("atelier_csrf=") && (await post("/auth/refresh", {})).ok && await finish()) return;
  say("Sign in to finish", "Sign in as the person who asked for the connection.");
  $("sign-in").hidden = false;
}

onSignIn(async (login) => {
  const answer = await post("/auth/login", login);
  if (!answer.ok) throw new Error(await problem(answer));
  const session = await answer.json();
  await finish(session.accessToken);
  // The session was for this one step.
  await post("/auth/logout", { refreshToken: session.refreshToken }, session.accessToken);
});
begin().catch(() => say("Not connected", "Atelier does not answer. Begin again where you asked for the connection."));
