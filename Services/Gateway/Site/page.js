// What the pages share. No framework, no build.
export const $ = (id) => document.getElementById(id);

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// What an answer that is no success says, in words for people.
export async function problem(answer) {
  const found = await answer.json().catch(() => ({}));
  return found.detail || found.title || answer.statusText;
}

// Hands each filled-in form of signing in to `signIn`, as the API takes it; shows why it did not go well.
export function onSignIn(signIn) {
  $("sign-in").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const button = event.target.querySelector("button");
    const who = form.get("who").trim();
    button.disabled = true;
    $("error").textContent = "";
    try {
      await signIn({ [who.includes("@") ? "email" : "username"]: who, password: form.get("password") }, event.target);
    } catch (fault) {
      $("error").textContent = fault.message;
    } finally {
      button.disabled = false;
    }
  });
}
