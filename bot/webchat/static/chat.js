// Sends without a reload and fetches what the coach says later. Without this file the page works by plain forms.
"use strict";

const SOON = 500;
const CALM = 3000;
const AWAY = 15000;

const talk = document.getElementById("talk");
const writing = document.getElementById("writing");
const unsent = document.getElementById("unsent");
const box = document.getElementById("words");

let last = Number(talk.dataset.last);
let timer = 0;
let queue = Promise.resolve();

async function ask(address, options) {
  const answer = await fetch(address, { headers: { Accept: "application/json" }, ...options });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function atTheEnd() {
  return window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 120;
}

function toTheEnd() {
  window.scrollTo(0, document.documentElement.scrollHeight);
}

function show(news, follow) {
  const near = follow || atTheEnd();
  const holder = document.createElement("template");
  holder.innerHTML = news.html;
  for (const known of holder.content.querySelectorAll(".bubble, .day")) {
    if (document.getElementById(known.id)) known.remove();
  }
  if (holder.content.querySelector(".bubble")) {
    document.getElementById("welcome")?.remove();
    if (holder.content.querySelector(".safety")) takeBack(talk.querySelectorAll("form"));
    talk.append(holder.content);
  }
  last = Math.max(last, news.last);
  writing.hidden = !news.writing;
  if (near) toTheEnd();
}

function takeBack(forms) {
  for (const form of forms) {
    if (form.contains(document.activeElement)) box.focus({ preventScroll: true });
    form.remove();
  }
}

function pause() {
  if (!writing.hidden) return SOON;
  return document.hidden ? AWAY : CALM;
}

function lookAgain() {
  clearTimeout(timer);
  timer = setTimeout(look, pause());
}

async function look() {
  try {
    if (last > 0) show(await ask(`/updates?after=${last}`), false);
  } catch {
    // The next look may find the coach again.
  }
  lookAgain();
}

async function send(form, fields, done) {
  fields.set("after", String(last));
  try {
    show(await ask("/say", { method: "POST", body: fields }), true);
    unsent.hidden = true;
    done();
  } catch {
    unsent.hidden = false;
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  }
  lookAgain();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  const typed = form.id === "say";
  if (typed) {
    if (!box.value.trim()) return;
    box.value = "";
    box.focus({ preventScroll: true });
  } else {
    // A finger gets no keyboard pushed up; keys go on from the box, since the pressed button goes away.
    if (event.submitter?.matches(":focus-visible")) box.focus({ preventScroll: true });
    for (const button of form.querySelectorAll("button")) button.disabled = true;
  }
  if (typed) form.elements.key.value = crypto.randomUUID?.() ?? String(Math.random());
  queue = queue.then(() =>
    send(form, fields, () => {
      if (!typed) takeBack([form]);
    }).then(() => {
      if (typed && !unsent.hidden) box.value = [fields.get("text"), box.value].filter(Boolean).join("\n");
    }),
  );
});

box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  box.form.requestSubmit();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) look();
});

toTheEnd();
lookAgain();
