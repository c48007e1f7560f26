/* The desk's own script: keys, the pulse, claims, and where the focus goes. Every page works without it.
   No key decides: letters move the focus, and only Ctrl+Enter commits the panel somebody is in. */
(() => {
  "use strict";
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const rows = () => all('a.headline[id^="row-"]').filter((link) => link.offsetParent !== null);

  // --- where the focus goes when a row leaves: the next one, else the one before, else the heading

  let order = [];
  const remember = () => { order = rows().map((link) => link.id); };
  const focus = (target) => {
    if (!target) return false;
    for (let fold = target.closest("details:not([open])"); fold; fold = fold.parentElement.closest("details:not([open])")) fold.open = true;
    target.focus();
    target.scrollIntoView({ block: "nearest" });
    return document.activeElement === target;
  };
  const there = (id) => document.getElementById(id);
  const focusNext = ({ id, from } = {}) => {
    const place = order.indexOf(from);
    const near = place < 0 ? [] : [...order.slice(place + 1), ...order.slice(0, place).reverse()];
    const next = [id, ...near].filter((one) => one && one !== from).map(there).find(Boolean);
    focus(next || find("h2[tabindex], #queue-heading, main h1")) || focus(find("#main"));
    remember();
  };
  document.addEventListener("focusnext", (event) => focusNext(event.detail || {}));

  // --- the row under the keys

  const current = () => {
    const row = document.activeElement.closest("tr");
    return row && find('a.headline[id^="row-"]', row);
  };
  const move = (step) => {
    const list = rows(), at = list.indexOf(current());
    focus(list[at < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + step, 0), list.length - 1)]);
  };

  // --- panels: a key brings somebody to what is on the page, and nothing else

  let before = null;
  const PANELS = {
    a: "#approve-note, form[aria-labelledby=approve-heading] button",
    r: "#reject-code",
    e: ".send-back a[href$='/edit/']",
    q: "#ask-codes input",
    z: "[data-testid=withdraw] button",
  };
  const panel = (key) => {
    const target = find(`main [data-key="${key}"]:not(form)`) || (PANELS[key] && find(PANELS[key]));
    if (!target) return false;
    before = document.activeElement;
    return focus(target);
  };
  const leave = () => {
    const panel = document.activeElement.closest("form.choice, details[open]");
    if (!panel) return;
    const fold = panel.closest("details[open]");
    if (fold) fold.open = false;
    if (before && before.isConnected && before !== document.body) focus(before);
    else if (fold) focus(find("summary", fold));
    else document.activeElement.blur();
    before = null;
  };
  const commit = (andNext) => {
    const form = document.activeElement.closest("form.choice");
    if (!form) return false;
    const next = find('button[name="then"][value="next"]', form);
    const button = andNext ? next : [...form.querySelectorAll("button:not([type=button])")].find((one) => one !== next);
    if (!button || button.disabled) return false;
    form.requestSubmit(button);
    return true;
  };
  const press = (selector) => {
    const target = find(selector);
    if (target) target.click();
    return Boolean(target);
  };
  const claim = () => {
    const link = current();
    const form = link ? find('form[data-key="c"]', link.closest("tr")) : find('main .claim form[data-key="c"]');
    if (form) form.requestSubmit();
    return Boolean(form);
  };
  const help = () => { const keys = there("keys"); if (keys && !keys.open) keys.showModal(); return Boolean(keys); };

  // --- keys

  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    o: () => { const link = current() || find('main a[data-key="o"]'); if (link) link.click(); return Boolean(link); },
    u: () => press('[data-key="u"], main .back a'),
    c: claim,
    x: () => { const link = current(); return Boolean(link) && press(`#pick-${link.id.slice(4)}`); },
    ".": () => press('#load-new'),
    "/": () => focus(there("q")),
    "?": help,
  };
  // G, then the letter that a link of the navigation carries: where it leads is the page's business.
  const place = (key) => /^[a-z]$/.test(key) && find(`nav a[data-go="${key}"]`);
  let gone = 0;
  const typing = (target) => target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.altKey) {
      if (!event.repeat && commit(event.shiftKey)) event.preventDefault();
      return;
    }
    if (find("dialog[open]")) return;
    if (event.key === "Escape") return leave();
    if (document.body.dataset.shortcuts !== "on" || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : "";
    if (!key || (event.shiftKey && key !== "?" && key !== "/")) return;
    if (Date.now() - gone < 1500) {
      gone = 0;
      if (place(key)) { event.preventDefault(); place(key).click(); return; }
    }
    if (key === "g") { gone = Date.now(); return; }
    const done = KEYS[key] ? KEYS[key]() !== false : panel(key);
    if (done) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) help();
  });

  // --- the pulse: counts and words, while the tab is seen; and since when nobody has answered

  const pulse = there("pulse");
  if (pulse) {
    const every = Number(pulse.dataset.every) * 1000;
    let answered = Date.now(), asked = answered;
    const clock = (at) => new Date(at).toISOString().slice(11, 16);
    const stale = (since) => {
      const says = there("queue-stale");
      if (!says || says.hidden === !since) return;
      says.textContent = since ? `The server hasn't answered since ${clock(since)} UTC. What you see may be old; nothing is lost.` : "";
      says.hidden = !since;
    };
    pulse.addEventListener("htmx:after:request", (event) => {
      const answer = event.detail.ctx && event.detail.ctx.response;
      if (answer && answer.status === 200) { answered = Date.now(); stale(0); }
    });
    setInterval(() => {
      // The tab says what the badge says, whatever changed it.
      const badge = there("badge");
      if (badge) document.title = document.title.replace(/^\(\d+\+?\)/, `(${badge.textContent})`);
      if (document.visibilityState !== "visible" || Date.now() - asked < every) return;
      asked = Date.now();
      htmx.trigger(pulse, "pulse");
      if (asked - answered > every * 2.5) stale(answered);
    }, 1000);
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") asked = 0; answered = Math.max(answered, Date.now() - every); });
  }

  // --- claims: said a minute before they lapse, kept by working on them

  const token = () => (find("input[name=csrfmiddlewaretoken]") || {}).value || "";
  const post = (form) => fetch(form.action, { method: "POST", headers: { "X-CSRFToken": token(), "HX-Request": "true" } }).catch(() => null);
  const until = (mark) => Date.parse(mark.dataset.claimUntil);
  const say = (mark, words) => {
    let says = mark.nextElementSibling;
    if (!says || !says.matches(".claim-says")) {
      says = document.createElement("span");
      says.className = "claim-says";
      says.setAttribute("role", "alert");
      mark.after(says);
    }
    if (says.textContent !== words) says.textContent = words;
  };
  const renew = async (mark, form = find("form[data-keep]", mark.closest("td, .claim"))) => {
    const answer = await post(form || { action: `${location.pathname}claim/keep/` });
    if (!answer || answer.status !== 204) return;
    mark.dataset.claimUntil = answer.headers.get("X-Claim-Until");
    mark.textContent = `You have this until ${mark.dataset.claimUntil.slice(11, 16)} UTC`;
    say(mark, "");
  };
  const look = (mark) => {
    const left = until(mark) - Date.now();
    if (left <= 0) say(mark, "Your claim is over: others see it as free.");
    else if (left <= 60000) say(mark, "Your claim ends in under a minute. Keep it if you go on.");
  };
  // Beginning to decide is being at it, where the slot is free; opening the page, or somebody else's claim, is not.
  const begin = async (form) => {
    const place = form.closest(".claim");
    form.remove();
    const answer = await post(form);
    if (!answer || answer.status !== 204) return;
    const mark = document.createElement("span");
    mark.className = "held mine";
    mark.dataset.claimUntil = answer.headers.get("X-Claim-Until");
    mark.textContent = `You have this until ${mark.dataset.claimUntil.slice(11, 16)} UTC`;
    place.append(mark);
  };
  let renewed = Date.now();
  if (find("[data-claim-until], .claim")) {
    setInterval(() => all("[data-claim-until]").forEach(look), 1000);
    document.addEventListener("input", (event) => {
      if (!event.target.closest(".decide form.choice")) return;
      const free = find('.claim form[data-key="c"]:not([action$="release/"])'), mark = find("[data-claim-until]");
      if (free) begin(free);
      else if (mark && Date.now() - renewed > 60000 && until(mark) > Date.now()) { renewed = Date.now(); renew(mark); }
    });
    document.addEventListener("submit", (event) => {
      const mark = event.target.matches("form[data-keep]") && find("[data-claim-until]", event.target.closest("td, .claim"));
      if (!mark || until(mark) < Date.now()) return;
      event.preventDefault();
      renew(mark, event.target);
    });
  }

  // --- what the browser says aloud: for whoever asked for it, while a tab is open

  if ("Notification" in window) {
    let last = null;
    const tell = (one) => {
      const said = new Notification(one.title, { body: one.text, tag: one.tag });
      said.onclick = () => { window.focus(); location.assign(one.url); };
    };
    const listen = async () => {
      const answer = await fetch(`/notices/new${last === null ? "" : `?after=${last}`}`).catch(() => null);
      if (!answer || answer.status !== 200) return;
      const told = await answer.json();
      last = told.last;
      told.notices.forEach(tell);
    };
    if (Notification.permission === "granted" && find("nav")) { listen(); setInterval(listen, 30000); }
    document.addEventListener("change", (event) => {
      if (event.target.matches("input[name=notifies]") && event.target.checked) Notification.requestPermission();
    });
  }

  remember();
  if (location.hash.startsWith("#row-")) focus(there(location.hash.slice(1)));
})();
