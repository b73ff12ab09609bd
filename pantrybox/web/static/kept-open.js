// <kept-open><details>: stays open or closed when the part of the page around it is replaced.
let open = false;

class KeptOpen extends HTMLElement {
  connectedCallback() {
    const details = this.querySelector("details");
    details.open = open;
    details.addEventListener("toggle", () => (open = details.open));
  }
}
customElements.define("kept-open", KeptOpen);
