// <count-stepper><input type="number"></count-stepper>: a button for one less and one for one more.
class CountStepper extends HTMLElement {
  connectedCallback() {
    if (this.querySelector("button")) return; // moved, not new
    const input = this.querySelector("input");
    this.prepend(this.button("−", "One less", () => input.stepDown(), input));
    this.append(this.button("+", "One more", () => input.stepUp(), input));
  }
  button(text, name, step, input) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "step", textContent: text, ariaLabel: name });
    button.addEventListener("click", () => {
      step();
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
    return button;
  }
}
customElements.define("count-stepper", CountStepper);
