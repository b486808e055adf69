// What pages do better with a script than without. Every page works without.
"use strict";

(() => {
  // htmx makes HTML of our own answers, in which the server has escaped what
  // people wrote. It is to make no scripts: neither from text nor by eval.
  const refuse = () => { throw new Error("no script is made from text here"); };
  const rules = { createHTML: (html) => html, createScript: refuse, createScriptURL: refuse };
  const policy = window.trustedTypes ? window.trustedTypes.createPolicy("keypurse", rules) : rules;
  if (window.htmx) {
    window.htmx.registerExtension("keypurse", {
      init: (api) => api.initSecurity(policy, refuse, refuse),
    });
  }

  // <button data-copy="id-of-an-element" hidden>
  const enhanceCopying = (root) => {
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll("button[data-copy]")) button.hidden = false;
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const text = document.getElementById(button.dataset.copy).textContent;
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select and copy it";
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  });

  // <form data-confirm="Really?">
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.confirm;
    if (question && !window.confirm(question)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);

  // <time datetime="…" data-relative>: how long ago or ahead; the exact
  // instant, in the zone of who looks, is its title.
  // Always a number: "next year" and "tomorrow" are said of the calendar, not of
  // 15 months or 47 hours. From two of a unit on, so that rounding is never far off.
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "always" });
  const units = [["year", 31556952], ["month", 2629746], ["day", 86400], ["hour", 3600], ["minute", 60]];
  const tell = (seconds) => {
    const unit = units.find(([name, size]) => Math.abs(seconds) >= (name === "minute" ? size : 2 * size));
    return unit ? relative.format(Math.round(seconds / unit[1]), unit[0]) : "just now";
  };
  const tellTimes = (root) => {
    for (const element of root.querySelectorAll("time[data-relative]")) {
      const at = new Date(element.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const seconds = (at - Date.now()) / 1000;
      element.textContent = tell(seconds);
      element.title = at.toLocaleString("en", { dateStyle: "medium", timeStyle: "long" });
    }
  };
  setInterval(() => tellTimes(document), 30000);

  const enhance = (root) => { enhanceCopying(root); tellTimes(root); };
  document.addEventListener("htmx:after:swap", () => enhance(document));
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", () => enhance(document));
  } else {
    enhance(document);
  }
})();
