// Where one types to search, the choice is drawn anew without its label: say it again for those who listen.
"use strict";

const sayLabels = () => {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const drawn = select.parentElement.querySelector(".select2-selection__rendered");
    const label = select.labels[0].textContent.trim();
    const say = () => drawn.setAttribute("aria-label", `${label} ${select.selectedOptions[0]?.textContent ?? ""}`.trim());
    django.jQuery(select).on("change", say);
    say();
  }
};

// Asked for by now, it comes after the drawing, which was asked for when its script was read.
addEventListener("DOMContentLoaded", () => django.jQuery(sayLabels));
