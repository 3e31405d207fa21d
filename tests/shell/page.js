// SPDX-License-Identifier: MIT
// Page: what page.sh has a browser do with a drawing: it types, clicks, steps, and writes down
// what it sees, one line each, into an element that is printed with the page.
const said = [];
const say = (what, value) => said.push(what + ": " + value);
window.addEventListener("error", event => say("error", event.message));
window.addEventListener("load", () => {
  const input = document.getElementById("search");
  const type = word => {
    input.value = word;
    input.dispatchEvent(new Event("input"));
    return document.getElementById("hits").textContent;
  };
  say("search node", type("node"));
  say("search id", type("#2"));
  say("search value", type("needle"));
  say("search name", type("start"));
  say("marked", document.querySelectorAll(".hit").length);
  say("search nothing", type("no such thing"));
  const panel = document.getElementById("panel");
  document.getElementById("n2").dispatchEvent(new MouseEvent("click", { bubbles: true }));
  say("panel", panel.textContent.replace(/\s+/g, " "));
  panel.querySelector("a").click();
  say("link", panel.querySelector("h2").textContent);
  const fill = id => document.querySelector("#n" + id + " .colour").style.fill;
  const count = id => document.querySelector("#n" + id + " .count").textContent;
  const step = id => {
    document.getElementById(id).click();
    say(id, document.getElementById("step").textContent + " / " + fill(1) + " " + count(1)
      + " / " + fill(2) + " " + count(2));
  };
  ["next", "next", "back", "last", "first"].forEach(step);
  document.getElementById("whole").click();
  const box = document.querySelector("#drawing svg").getAttribute("viewBox");
  document.getElementById("nearer").click();
  say("zoom", document.querySelector("#drawing svg").getAttribute("viewBox") !== box);
  document.getElementById("whole").click();
  say("whole", document.querySelector("#drawing svg").getAttribute("viewBox") === box);
  const pre = document.createElement("pre");
  pre.id = "said";
  pre.textContent = said.join("\n");
  document.body.append(pre);
});
