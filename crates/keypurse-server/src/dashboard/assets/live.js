// <div hx-get="…" hx-trigger="tick" data-every="5">: asks again every so many
// seconds, while somebody can see it.
"use strict";

(() => {
  const asked = new WeakMap();
  const tick = () => {
    if (document.visibilityState !== "visible") return;
    const now = Date.now();
    for (const element of document.querySelectorAll("[data-every]")) {
      // An answer that was just written into the page is fresh.
      if (!asked.has(element)) asked.set(element, now);
      if (now - asked.get(element) < element.dataset.every * 1000) continue;
      asked.set(element, now);
      element.dispatchEvent(new CustomEvent("tick", { bubbles: false }));
    }
  };
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
  tick();

  // Whoever is signed out is shown where to sign in, and comes back here.
  document.addEventListener("htmx:after:request", (event) => {
    if (event.detail?.ctx?.response?.status === 401) window.location.reload();
  });
})();
