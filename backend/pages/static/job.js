// How a job goes, as the server tells it. Without this script the page loads itself again every few seconds.
"use strict";
(() => {
  const job = document.querySelector("[data-job]");
  const status = job.querySelector("[role=status]");
  const steps = [...job.querySelectorAll("[data-step]")];
  const PATIENCE_MS = 3000;

  function show(step, settled, due) {
    const at = steps.findIndex((one) => one.dataset.step === step);
    steps.forEach((one, i) => {
      one.className = i < at ? "done" : i === at ? "now" : "ahead";
      if (i === at) one.setAttribute("aria-current", "step");
      else one.removeAttribute("aria-current");
      const count = one.querySelector(".count");
      if (count) count.textContent = i === at && due ? `${settled} of ${due}` : "";
    });
  }

  function say(words) {
    if (status.textContent !== words) status.textContent = words;
  }

  function listen() {
    const told = new EventSource(`${job.dataset.job}/events`);
    told.addEventListener("waiting", () => {
      show("", 0, 0);
      say("Waiting for its turn.");
    });
    told.addEventListener("begun", (event) => {
      show("spot", 0, 0);
      const again = JSON.parse(event.data).attempt > 1;
      say(again ? "The service was started anew, and begins this call again." : "This takes a few seconds, with Claude up to a few minutes.");
    });
    told.addEventListener("progress", (event) => {
      const { step, settled, due } = JSON.parse(event.data);
      show(step, settled, due);
    });
    told.addEventListener("done", (event) => {
      told.close();
      say("Done.");
      location.replace(JSON.parse(event.data).call);
    });
    for (const ending of ["failed", "cancelled"]) {
      told.addEventListener(ending, () => {
        told.close();
        location.reload();
      });
    }
    // The browser comes back by itself while it still holds the stream; where it gave up, we do.
    told.addEventListener("error", () => {
      if (told.readyState === EventSource.CLOSED) setTimeout(comeBack, PATIENCE_MS);
    });
  }

  async function comeBack() {
    try {
      const answer = await fetch(job.dataset.job, { headers: { accept: "application/json" } });
      if (answer.ok) listen();
      else location.reload(); // to log in, or to be told why not
    } catch {
      setTimeout(comeBack, PATIENCE_MS);
    }
  }

  listen();
})();
