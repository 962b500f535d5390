// Shows the page, which is hidden without JavaScript. Says that the browser is too old, instead of
// leaving a page that does nothing. Old browsers must be able to run this file: no module, no
// syntax newer than ES5.
(function () {
  document.documentElement.setAttribute("data-scripts", "on");
  var script = window.HTMLScriptElement;
  if (script && script.supports && script.supports("importmap")) return;
  document.addEventListener("DOMContentLoaded", function () {
    var band = document.getElementById("band");
    band.setAttribute("data-kind", "bad");
    band.querySelector("span").textContent = band.getAttribute("data-outdated");
  });
})();
