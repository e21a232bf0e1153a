// The gateway's page: state of the services, signing in, the newest film, the assets. No framework, no build.
import { $, element, onSignIn, problem } from "/page.js";

let session = null;

async function showHealth() {
  try {
    const status = await (await fetch("/api/v1/status", { cache: "no-store" })).json();
    $("modes").replaceChildren(...status.modes.map(({ services, meaning }) =>
      element("li", {}, `${services.join(", ")}: ${meaning}`)));
    $("health").replaceChildren(...[{ name: "gateway", ready: true }, ...status.services].map(({ name, ready }) =>
      element("li", { className: ready ? "ready" : "away" },
        element("span", { className: "dot", ariaHidden: "true" }), name,
        element("span", { className: "state" }, ready ? "ready" : "away"))));
  } catch {
    $("health").replaceChildren(element("li", {}, "The gateway does not answer."));
  }
}

async function call(method, path, body) {
  const send = () => fetch("/api/v1" + path, {
    method,
    headers: { ...(session && { Authorization: "Bearer " + session.accessToken }),
               ...(body && { "Content-Type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
  let answer = await send();
  if (answer.status === 401 && session && await refresh()) answer = await send();
  if (!answer.ok) throw new Error(await problem(answer));
  return answer.status === 204 ? null : answer.json();
}

async function refresh() {
  const answer = await fetch("/api/v1/auth/refresh", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ refreshToken: session.refreshToken }),
  });
  if (!answer.ok) { leave(); return false; }
  session = await answer.json();
  return true;
}

// Links are made for the address that the installation is known by; this page may have been opened by another.
async function link(asset, rendition) {
  const made = new URL((await call("POST", `/assets/${asset.id}/links`, rendition ? { rendition } : {})).url);
  return made.pathname + made.search;
}

const size = (bytes) => bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
const time = (ms) => ms ? `${Math.floor(ms / 60000)}:${String(Math.round(ms / 1000) % 60).padStart(2, "0")}` : "";

async function play(asset, begins) {
  const film = $("film");
  $("film-title").textContent = asset.filename;
  $("film-facts").textContent = [asset.kind, time(asset.durationMs), asset.width && `${asset.width} × ${asset.height}`,
    size(asset.size), new Date(asset.createdAt).toLocaleString()].filter(Boolean).join(" · ");
  for (const button of $("assets").querySelectorAll("button")) {
    if (button.dataset.id === asset.id) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  const url = await link(asset);
  $("invitation").hidden = true;
  film.hidden = false;
  film.poster = asset.kind === "image" ? url : "";
  film.src = asset.kind === "image" ? "" : url;
  film.controls = asset.kind !== "image";
  film.setAttribute("aria-label", asset.filename);
  if (begins && asset.kind !== "image") film.play().catch(() => {});
}

async function still(asset, place) {
  const { items } = await call("GET", `/assets/${asset.id}/renditions`);
  const name = items.filter((one) => one.contentType.startsWith("image/")).sort((a, b) => a.size - b.size)
    .find((one) => one.width >= 240)?.name ?? (asset.kind === "image" ? null : undefined);
  if (name === undefined) return;
  place.replaceChildren(element("img", { src: await link(asset, name), alt: "", loading: "lazy" }));
}

async function showAssets(begins) {
  const { items } = await call("GET", "/assets?limit=24");
  $("assets").hidden = !items.length;
  $("nothing").hidden = items.length > 0;
  $("assets").replaceChildren(...items.map((asset) => {
    const place = element("span", { className: "still" }, asset.kind);
    const button = element("button", { type: "button" }, place, element("strong", {}, asset.filename),
      element("small", {}, [asset.kind, time(asset.durationMs), size(asset.size)].filter(Boolean).join(" · ")));
    button.dataset.id = asset.id;
    button.disabled = asset.kind === "text" || asset.kind === "other";
    button.addEventListener("click", () => play(asset, true));
    if (asset.kind === "image" || asset.kind === "video") still(asset, place).catch(() => {});
    return element("li", {}, button);
  }));
  const newest = items.find((one) => one.kind === "video" && one.origin === "rendered")
    ?? items.find((one) => one.kind === "video");
  if (newest && begins) await play(newest, true);
}

// Looks again when something was made; the stream is read by fetch, because EventSource cannot carry a token.
async function follow() {
  const of = session;
  let last = "";
  while (session && session.user.id === of.user.id) {
    try {
      const answer = await fetch("/api/v1/events", {
        headers: { Authorization: "Bearer " + session.accessToken, ...(last && { "Last-Event-ID": last }) } });
      if (answer.status === 401 && !await refresh()) return;
      if (answer.ok) {
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        let text = "";
        for (;;) {
          const { value, done } = await reader.read();
          if (done || !session) break;
          const events = (text + value).split("\n\n");
          text = events.pop();
          for (const event of events) {
            last = /^id: ?(.*)$/m.exec(event)?.[1] ?? last;
            if (/^event: ?(Asset|Rendition|Run)/m.test(event)) showAssets(false).catch(() => {});
          }
        }
      }
    } catch { /* The connection broke: it is made again. */ }
    await new Promise((done) => setTimeout(done, 3000));
  }
}

function leave() {
  if (session) call("POST", "/auth/logout", { refreshToken: session.refreshToken }).catch(() => {});
  session = null;
  $("film").removeAttribute("src");
  $("film").hidden = $("assets").hidden = $("nothing").hidden = $("person").hidden = true;
  $("sign-in").hidden = $("invitation").hidden = false;
  $("film-title").textContent = "Atelier";
}

onSignIn(async (login, form) => {
  session = await call("POST", "/auth/login", login);
  $("name").textContent = session.user.displayName;
  $("sign-in").hidden = true;
  $("person").hidden = false;
  form.reset();
  await showAssets(true);
  follow();
});
$("leave").addEventListener("click", leave);
showHealth();
setInterval(showHealth, 5000);
